"""Settings of serving that the tuner finds, beside the default ones, on three kinds of requests."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, run

WORTH = 1.3  # times the tokens a second of the default settings, on the kind that gains most

_CODE = """
import asyncio, json, os, sys
from contextlib import asynccontextmanager
from pathlib import Path
import numpy as np
from PACKAGE.config import load_config
from PACKAGE.llm.base_model import TINY_BASE, load_base_model
from PACKAGE.llm.benchmarks.load import closed_loop
from PACKAGE.llm.benchmarks.targets import EngineTarget
from PACKAGE.llm.config import LLMConfig
from PACKAGE.llm.inference import prompt_messages
from PACKAGE.llm.serving.models import start_engine
from PACKAGE.llm.tuning.search import Round, Search
for path in ("base", "environments/development"):
    file = Path.cwd() / "conf" / f"{path}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("---\\n")
rounds, cores = int(sys.argv[2]), os.cpu_count() or 1
config = load_config(root=Path.cwd()).group("llm", LLMConfig)
model, tokenizer = load_base_model(TINY_BASE)
model.eval()
passage = " ".join(f"Store {number} has {number % 7} doors and was built in {1900 + number}." for number in range(12))
short = [prompt_messages("", f"How many doors has store {number}?") for number in range(256)]
long = [prompt_messages(passage, f"When was store {number % 12} built?") for number in range(256)]
kinds = {  # requests, clients, and most tokens of an answer
    "short questions of 16 clients": (short, 16, 16),
    "long passages of 16 clients": (long, 16, 16),
    "short questions of 64 clients": (short, 64, 16),
}
default = {"threads": cores, "rows": config.serving.rows, "lookup_tokens": config.serving.lookup_tokens}
knobs = {"threads": sorted({1, cores}), "rows": [8, 16, 64], "lookup_tokens": [0, 4]}

@asynccontextmanager
async def serve(chosen):
    serving = config.serving.model_copy(update=chosen)
    target = EngineTarget(start_engine("asked", model, tokenizer, config.model_copy(update={"serving": serving})))
    try:
        yield target
    finally:
        await target.close()

def tune(prompts, clients, most):
    async def ask(target):
        seconds, answers = await closed_loop(target, prompts[: 2 * clients], most, clients, 600)
        p95 = float(np.quantile([1000 * one.whole for one in answers if one.whole], 0.95))
        return Round(sum(one.tokens for one in answers) / seconds, p95, sum(bool(one.error) for one in answers))

    tell = lambda told: print(told, flush=True)
    found = asyncio.run(Search(serve, ask, 0, rounds, 0.03, True, tell).run(default, knobs))
    changed = {name: value for name, value in found.best.chosen.items() if value != default[name]}
    named = ", ".join(f"{name} {value}" for name, value in changed.items())
    return found.best.speed, found.default.speed, named if found.worth else ""

Path(sys.argv[1]).write_text(json.dumps({kind: tune(*given) for kind, given in kinds.items()}))
"""


def measure(options: Namespace, package: str) -> list[Figure]:
    """Search by turns, and compare the best with the default settings in rounds of their own."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "found.json"
        rounds = str(max(options.rounds, 2))
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        run([sys.executable, "-c", _CODE.replace("PACKAGE", package), path, rounds], Path(scratch), environment)
        found: dict[str, tuple[float, float, str]] = json.loads(path.read_text(encoding="utf-8"))
    most = max(found, key=lambda kind: found[kind][0] / found[kind][1])
    return [
        Figure(
            f"llm: tuned for {kind}: {named or 'as it is'}",
            best,
            "tokens/s",
            default,
            WORTH if kind == most else None,
            "above",
            relative=True,
        )
        for kind, (best, default, named) in found.items()
    ]
