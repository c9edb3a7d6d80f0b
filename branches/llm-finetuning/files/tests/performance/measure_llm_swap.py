"""Clients that go on asking while their model is replaced again and again: what fails, and what stays in memory."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, run

REQUESTS = 2000
CLIENTS = 16
SWAPS = 12

_CODE = """
import asyncio, json, sys, time
from pathlib import Path
import httpx
import psutil
from PACKAGE.llm import CheckpointManager, ModelServer
from PACKAGE.llm.base_model import TINY_BASE, load_base_model
requests, clients, swaps = (int(value) for value in sys.argv[2:])
root, versions = Path.cwd(), ("1.0.0", "1.1.0")
for path in ("base", "environments/development"):
    file = root / "conf" / f"{path}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("---\\n")
model, tokenizer = load_base_model(TINY_BASE)
for version in versions:
    CheckpointManager(root / "checkpoints").save(
        "swapped", model=model, tokenizer=tokenizer, metadata={}, version=version
    )
asked = {"model": "swapped", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
failures, names, seconds, sizes = [], set(), [], []

async def ask(client, numbers):
    for number in numbers:
        answer = await client.post("/v1/chat/completions", json={**asked, "seed": number, "stream": number % 3 == 0})
        if answer.status_code != 200 or '"error"' in answer.text:
            failures.append(answer.text)
        elif number % 3:
            names.add(answer.json()["model"])

async def replace(client, working):
    number = 0
    while number < swaps or not all(one.done() for one in working):
        change = {"checkpoint": f"swapped@v{versions[number % 2]}", "replaces": "swapped"}
        started = time.perf_counter()
        answer = await client.post("/llm/models", json=change)
        seconds.append(time.perf_counter() - started)
        sizes.append(psutil.Process().memory_info().rss)
        if answer.status_code != 200:
            failures.append(answer.text)
        number += 1
        await asyncio.sleep(0.5)

async def load(url):
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        left = iter(range(requests))
        working = [asyncio.create_task(ask(client, left)) for _ in range(clients)]
        await asyncio.gather(replace(client, working), *working)

with ModelServer("swapped@v1.0.0", port=0, root=root, overrides=["api.limits.requests=", "ui.enabled=false"]) as server:
    asyncio.run(load(server.url.removesuffix("/v1")))
found = {"failed": len(failures), "names": len(names), "swaps": len(seconds), "seconds": sorted(seconds)}
Path(sys.argv[1]).write_text(json.dumps({**found, "sizes": sizes, "first": failures[:1]}))
"""


def measure(_: Namespace, package: str) -> list[Figure]:
    """Ask, streamed and whole, while two versions of one model take each other's place."""
    with tempfile.TemporaryDirectory() as scratch:
        found = Path(scratch) / "found.json"
        sizes = [str(number) for number in (REQUESTS, CLIENTS, SWAPS)]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        run([sys.executable, "-c", _CODE.replace("PACKAGE", package), found, *sizes], Path(scratch), environment)
        taken = json.loads(found.read_text(encoding="utf-8"))
    settled = len(taken["sizes"]) // 4
    growth = taken["sizes"][-1] / taken["sizes"][settled] - 1
    return [
        Figure(f"llm: failed of {REQUESTS} requests while models are replaced", taken["failed"], "requests", target=0),
        Figure("  models that were replaced", taken["swaps"], "times", target=SWAPS, better="above"),
        Figure("  versions that answered", taken["names"], "versions", target=2, better="above"),
        Figure("  to replace one, median", taken["seconds"][len(taken["seconds"]) // 2], "s"),
        Figure("  growth of memory after the first quarter of them", 100 * growth, "%", target=10),
    ]
