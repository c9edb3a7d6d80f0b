"""The service beside the engine alone, and what stays of clients that come and go."""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import httpx
import psutil
from measuring import Figure

ANSWERS = 60  # by each of both, for each round
WARM_UP = 10
CLIENTS = 16
REQUESTS = 1000  # of clients that come and go, for each round; a fifth as many before memory is looked at
VANISHED = 20  # one in so many does not wait for its answer

_CODE = """
import json, os, sys, threading, time
told = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # the log is not for who measures
from pathlib import Path
from PACKAGE.config import load_config
from PACKAGE.llm import CheckpointManager, ModelServer
from PACKAGE.llm.base_model import TINY_BASE, load_base_model
from PACKAGE.llm.config import LLMConfig
from PACKAGE.llm.inference.sampling import Sampling
from PACKAGE.llm.serving.models import start_engine
kind, asked = sys.argv[1], json.loads(sys.argv[2])
root = Path.cwd()
for path in ("base", "environments/development"):
    file = root / "conf" / f"{path}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("---\\n")
model, tokenizer = load_base_model(TINY_BASE)

def serve():
    CheckpointManager(root / "checkpoints").save("asked", model=model, tokenizer=tokenizer, metadata={})
    overrides = ["api.limits.requests=", "ui.enabled=false"]
    with ModelServer("asked", port=0, root=root, overrides=overrides) as server:
        print(server.url.removesuffix("/v1"), file=told, flush=True)
        sys.stdin.read()

def answer():
    served = start_engine("asked", model, tokenizer, load_config(root=root).group("llm", LLMConfig))
    def ask():
        pieces, over = [], threading.Event()
        def take(event):
            pieces.append(event.text)
            if event.finish:
                over.set()
        started = time.perf_counter()
        sampling = Sampling(max_tokens=asked["max_tokens"], temperature=asked["temperature"])
        served.engine.submit(served.read_messages(asked["messages"]), sampling, take)
        over.wait()
        return time.perf_counter() - started, "".join(pieces)
    print(file=told, flush=True)
    for _ in sys.stdin:
        print(json.dumps(ask()), file=told, flush=True)
    served.engine.close()

{"service": serve, "engine": answer}[kind]()
"""

_ASKED = {
    "model": "asked",
    "messages": [{"role": "user", "content": "How many doors has store 7?"}],
    "max_tokens": 16,
    "temperature": 0,
}


def measure(options: Namespace, package: str) -> list[Figure]:
    """Ask a service and an engine, each in a process of its own, by turns; then have clients come and vanish."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        _started(package, "service", Path(scratch, "service")) as service,
        _started(package, "engine", Path(scratch, "engine")) as engine,
    ):
        url = _line(service.stdout).strip()
        _line(engine.stdout)
        served, alone = _by_turns(url, engine, options.rounds)
        process = psutil.Process(service.pid)
        asyncio.run(_come_and_go(url, REQUESTS * options.rounds // 5))
        settled = process.memory_info().rss
        count = REQUESTS * options.rounds
        failed = asyncio.run(_come_and_go(url, count))
        lost = _slots_taken(url)
        growth = process.memory_info().rss / settled - 1
    more = 1000 * (statistics.median(served) - statistics.median(alone))
    return [
        Figure("llm: the service beside the engine alone, at the median", more, "ms", target=3),
        Figure("  of an answer by the engine alone", 1000 * statistics.median(alone), "ms"),
        Figure(f"llm: failed of {count} requests of which {100 // VANISHED} % vanish", failed, "requests", target=0),
        Figure("  places that are still taken at the end", lost, "places", target=0),
        Figure("  growth of memory", 100 * growth, "%", target=2),
    ]


@contextmanager
def _started(package: str, kind: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    folder.mkdir()
    command = [sys.executable, "-c", _CODE.replace("PACKAGE", package), kind, json.dumps(_ASKED)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with (
        (folder / "log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield process
        except BaseException:
            process.kill()
            sys.stderr.write((folder / "log").read_text(encoding="utf-8"))
            raise


def _line(pipe: IO[str] | None) -> str:
    line = pipe.readline() if pipe else ""
    if not line:
        raise RuntimeError("a process of the measurement has ended")
    return line


def _by_turns(url: str, engine: subprocess.Popen[str], rounds: int) -> tuple[list[float], list[float]]:
    """Give the seconds of the same answer through the service and from the engine."""
    served: list[float] = []
    alone: list[float] = []
    with httpx.Client(base_url=url, timeout=120) as client:
        for _ in range(WARM_UP + ANSWERS * rounds):
            seconds, text = _ask(client)
            served.append(seconds)
            if engine.stdin:
                engine.stdin.write("\n")
                engine.stdin.flush()
            seconds, same = json.loads(_line(engine.stdout))
            alone.append(seconds)
            if text != same:
                raise RuntimeError("the service and the engine answer differently")
    return served[WARM_UP:], alone[WARM_UP:]


def _ask(client: httpx.Client) -> tuple[float, str]:
    started = time.perf_counter()
    found = client.post("/v1/chat/completions", json=_ASKED).raise_for_status().json()
    return time.perf_counter() - started, found["choices"][0]["message"]["content"]


async def _come_and_go(url: str, count: int) -> int:
    """Have some clients ask for short answers, streamed and whole; give the number of those that failed."""
    left, failed = iter(range(count)), 0

    async def ask(client: httpx.AsyncClient) -> None:
        nonlocal failed
        for number in left:
            body = {**_ASKED, "max_tokens": 3, "stream": number % 2 == 0}
            if not number % VANISHED:
                await _vanish(client, {**body, "max_tokens": 200, "stream": number % (2 * VANISHED) == 0})
                continue
            answer = await client.post("/v1/chat/completions", json=body)
            failed += answer.status_code != httpx.codes.OK or '"error"' in answer.text

    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        await asyncio.gather(*(ask(client) for _ in range(CLIENTS)))
    return failed


async def _vanish(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """Go away while the answer is being written."""
    if not body["stream"]:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await client.post("/v1/chat/completions", json=body)
        return
    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        async for _ in answer.aiter_bytes():
            break


def _slots_taken(url: str) -> float:
    """Give the requests that are under way or wait; those whose clients have just gone have a moment to end."""
    taken = 0.0
    for _ in range(100):
        told = httpx.get(f"{url}/metrics", timeout=120).raise_for_status().text
        found = re.findall(r"^llm_requests_(?:running|waiting)(?:\{.*\})? (\S+)$", told, re.MULTILINE)
        if not found:
            raise RuntimeError("the service does not tell what is under way")
        taken = sum(map(float, found))
        if not taken:
            break
        time.sleep(0.1)
    return taken
