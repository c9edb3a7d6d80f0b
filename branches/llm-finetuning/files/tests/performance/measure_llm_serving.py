"""Sixteen clients of the engine beside `generate`: one request after the other, and in batches that nobody joins."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, run

CLIENTS = 16
REQUESTS = 96
BEYOND_ONE = 4.0
BEYOND_BATCHES = 1.3

_CODE = """
import json, sys, threading, time
from pathlib import Path
import numpy as np
import PACKAGE.llm
import torch
from PACKAGE.llm.base_model import TINY_BASE, load_base_model
from PACKAGE.llm.config import ServingConfig
from PACKAGE.llm.inference import prompt_messages
from PACKAGE.llm.inference.engine import Engine
from PACKAGE.llm.inference.sampling import Sampling
clients, requests, rounds = (int(value) for value in sys.argv[2:])
model, tokenizer = load_base_model(TINY_BASE)
model.eval()
draw = np.random.default_rng(0)
lengths = draw.choice([8, 16, 32, 64], requests).tolist()
prompts = []
for number in range(requests):
    passage = " ".join(f"Store {number} has {part} doors." for part in range(draw.integers(1, 5)))
    asked = prompt_messages(passage, f"How many doors has store {number}?")
    text = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    prompts.append(tokenizer.encode(text, add_special_tokens=False))
engine = Engine(model, tokenizer, ServingConfig(rows=clients, queue=clients))

def by_engine():
    left, lock, over, written = iter(range(requests)), threading.Lock(), threading.Semaphore(0), [0]
    def ask():
        with lock:
            number = next(left, None)
        if number is not None:
            engine.submit(prompts[number], Sampling(max_tokens=lengths[number]), take)
    def take(event):
        written[0] += len(event.chosen)
        if event.finish:
            over.release()
            ask()
    for _ in range(clients):
        ask()
    for _ in range(requests):
        over.acquire()
    return written[0]

def by_generate(size):
    written = 0
    for start in range(0, requests, size):
        batch = tokenizer.pad({"input_ids": prompts[start:start + size]}, padding_side="left", return_tensors="pt")
        most = lengths[start:start + size]
        with torch.inference_mode():
            output = model.generate(**batch, max_new_tokens=max(most), do_sample=False)
        new = output[:, batch["input_ids"].shape[1]:]
        for row, wanted in zip(new[:, :max(most)].tolist(), most):
            ends = row.index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in row else len(row)
            written += min(ends, wanted)
    return written

ways = {"engine": by_engine, "one": lambda: by_generate(1), "batches": lambda: by_generate(clients)}
found, worked = {name: [] for name in ways}, {name: [] for name in ways}
for way in ways.values():
    way()
for _ in range(rounds):
    for name, way in ways.items():
        started, before = time.perf_counter(), time.process_time()
        written = way()
        worked[name].append(written / (time.process_time() - before))
        found[name].append(written / (time.perf_counter() - started))
engine.close()
Path(sys.argv[1]).write_text(json.dumps([found, worked]))
"""


def measure(options: Namespace, package: str) -> list[Figure]:
    """Let all three write the same answers, of 8 to 64 tokens, by turns, and compare the medians."""
    with tempfile.TemporaryDirectory() as scratch:
        found = Path(scratch) / "found.json"
        sizes = [str(number) for number in (CLIENTS, REQUESTS, options.rounds)]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        run([sys.executable, "-c", _CODE.replace("PACKAGE", package), found, *sizes], Path(scratch), environment)
        taken = json.loads(found.read_text(encoding="utf-8"))
    seconds, work = ({name: statistics.median(some) for name, some in one.items()} for one in taken)

    def beside(what: str, bare: str, target: float) -> list[Figure]:
        """Compare what was written in a second, and in one of processor time, which other programs change less."""
        return [
            Figure(what, seconds["engine"], "tokens/s", seconds[bare], target, "above", relative=True),
            Figure("  in processor time", work["engine"], "tokens/s", work[bare], better="above", relative=True),
        ]

    return [
        *beside(f"llm: {CLIENTS} clients, beside generate for one after the other", "one", BEYOND_ONE),
        *beside(f"llm: {CLIENTS} clients, beside generate for {CLIENTS} at a time", "batches", BEYOND_BATCHES),
    ]
