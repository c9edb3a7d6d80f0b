"""What the sandbox takes more than a bare interpreter, at each tier that works here, and how it keeps a time-out."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, run

MOST_MORE = 60.0  # milliseconds
MOST_LATE = 0.2  # seconds
TIMES = 10  # those of the other measurements, as these are short

_CODE = """
import json, statistics, subprocess, sys, time
from PACKAGE.agents.sandbox import SandboxSettings
from PACKAGE.agents.sandbox.process import run_at
from PACKAGE.agents.sandbox.runtime import interpreter
from PACKAGE.agents.sandbox.tiers import probe_all
settings, rounds = SandboxSettings(), int(sys.argv[2])
ways = {one.tier: lambda tier=one.tier: run_at(tier, "6 * 7", {}, settings) for one in probe_all(settings) if one.works}
late = {}
for tier in ways:
    ended = [run_at(tier, "while True: pass", {}, SandboxSettings(timeout=1)) for _ in range(3)]
    late[tier] = max(abs(one.seconds - 1) for one in ended)
ways["bare"] = lambda: subprocess.run([interpreter(), "-I", "-S", "-c", "6 * 7"], check=True)
taken = {name: [] for name in ways}
for _ in range(rounds):
    for name, way in ways.items():
        started = time.perf_counter()
        way()
        taken[name].append(1000 * (time.perf_counter() - started))
with open(sys.argv[1], "w") as file:
    json.dump({"milliseconds": {name: statistics.median(times) for name, times in taken.items()}, "late": late}, file)
"""


def measure(options: Namespace, package: str) -> list[Figure]:
    """Time whole runs: the process, its isolation, the code and its results."""

    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        code = _CODE.replace("PACKAGE", package)
        run([sys.executable, "-c", code, str(told), str(options.rounds * TIMES)], Path(folder))
        figures = json.loads(told.read_text(encoding="utf-8"))
    times, late = figures["milliseconds"], figures["late"]
    bare = times.pop("bare")
    more = {tier: time - bare for tier, time in times.items()}
    return [
        *(Figure(f"sandbox at {tier}, above bare", value, "ms", bare, MOST_MORE) for tier, value in more.items()),
        *(Figure(f"  time-out at {tier}, off by", value, "s", None, MOST_LATE) for tier, value in late.items()),
    ]
