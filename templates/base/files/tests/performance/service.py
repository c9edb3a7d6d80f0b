"""The service beside FastAPI alone, each with one worker on one core, asked over 16 connections from another core."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import Figure, run

LEAST_SHARE = 0.7
LEAST_HEALTH_SHARE = 0.8
REFERENCE = 1_800.0  # requests per second of FastAPI alone, from which on the next two targets hold
LEAST_RATE, MOST_P99 = 1_200.0, 25.0
STARTING = 60.0  # seconds

HERE = Path(__file__).parent


def measure(options: Namespace, package: str) -> list[Figure]:
    """Ask both in turn, and give medians."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    with tempfile.TemporaryDirectory(prefix="performance-") as scratch:
        folder = Path(scratch)
        run([sys.executable, HERE / "service_train.py", folder], folder)
        ours = [sys.executable, "-m", package, "api", "run", "--port", "PORT"]
        bare = [sys.executable, str(HERE / "service_bare.py"), "PORT", "model.json"]
        with serving(ours, folder, cores[:1]) as server, serving(bare, folder, cores[:1]) as alone:
            taken: dict[str, list[dict[str, float]]] = {}
            for _ in range(options.rounds):
                for name, request in _requests(folder).items():
                    for who, asked in (("ours", server), ("bare", alone)):
                        measured = _load(asked, request, options.seconds, cores[-1:])
                        taken.setdefault(f"{who} {name}", []).append(measured)

    def median(name: str, what: str) -> float:
        return statistics.median(one[what] for one in taken[name])

    rate, bare_rate = median("ours predict", "rate"), median("bare predict", "rate")
    health, bare_health = median("ours health", "rate"), median("bare health", "rate")
    p99, bare_p99 = median("ours predict", "p99"), median("bare predict", "p99")
    fast = bare_rate >= REFERENCE
    work, bare_work = median("ours predict", "work"), median("bare predict", "work")
    figures = [
        Figure("/predict", rate, "requests/s", bare_rate, LEAST_SHARE, "above", relative=True),
        Figure("  as a number", rate, "requests/s", None, LEAST_RATE if fast else None, "above"),
        Figure("  99th percentile", p99, "ms", bare_p99, MOST_P99 if fast else None),
        Figure("/health", health, "requests/s", bare_health, LEAST_HEALTH_SHARE, "above", relative=True),
    ]
    # What else runs on the machine takes turns away, but makes no request cost more.
    return [*figures, Figure("processor time of one /predict", work, "ms", bare_work)] if work else figures


def _requests(folder: Path) -> dict[str, bytes]:
    names = json.loads((folder / "model.json").read_text(encoding="utf-8"))["names"]
    body = json.dumps({"row": {name: i / 10 for i, name in enumerate(names)}})
    key = (folder / "key.txt").read_text(encoding="utf-8")
    head = f"Host: 127.0.0.1\r\nX-API-Key: {key}\r\n"
    sent = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return {
        "predict": f"POST /predict/rows HTTP/1.1\r\n{head}{sent}\r\n{body}".encode(),
        "health": f"GET /health HTTP/1.1\r\n{head}\r\n".encode(),
    }


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    process: int

    def work(self) -> float:
        """Seconds of the processor that it and its workers have used; 0 where the system does not tell."""
        return _work(self.process)


def _work(process: int | str) -> float:
    place = Path(f"/proc/{process}")
    if not place.exists():
        return 0.0
    fields = (place / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    children = (place / "task" / str(process) / "children").read_text(encoding="utf-8").split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(map(_work, children))


def _load(server: Server, request: bytes, seconds: float, cores: Sequence[int]) -> dict[str, float]:
    command = [sys.executable, str(HERE / "load.py"), str(server.port), str(seconds)]
    before = server.work()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        _pin(process.pid, cores)
        output, _ = process.communicate(request)
    if process.returncode:
        sys.exit(f"the service did not answer as it should on port {server.port}")
    found: dict[str, float] = json.loads(output)
    return {**found, "work": 1_000 * (server.work() - before) / found["answers"]}


@contextmanager
def serving(command: Sequence[str], folder: Path, cores: Sequence[int]) -> Iterator[Server]:
    """Run a server on a free port and one core, until it is no longer needed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = [word.replace("PORT", str(port)) for word in command]
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        _pin(process.pid, cores)
        try:
            _wait(process, port, folder / f"{port}.log")
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(STARTING)


def _pin(process: int, cores: Sequence[int]) -> None:
    if cores:
        os.sched_setaffinity(process, cores)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + STARTING
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"no server on port {port}:\n{log.read_text(encoding='utf-8')}")
