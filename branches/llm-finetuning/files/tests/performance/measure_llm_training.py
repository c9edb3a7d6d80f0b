"""Training beside the script that TRL ships, with its defaults: the same model, rows, steps and learning rate."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Figure, run

ROWS = 480
HELD_OUT = 80
LEARNING_RATE = 1e-3
ROWS_IN_A_STEP = 8  # as TRL has it
MOST_FACTS = 8
FASTER = 1.5
LOSS_MARGIN = 1.02
MODEL = {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 6, "num_attention_heads": 8}
FACTS = ("floor area", "height", "load", "width", "depth", "price", "distance", "age", "weight", "length")

_PREPARE = """
import json, sys
from transformers import LlamaConfig, LlamaForCausalLM, set_seed
from PACKAGE.llm.base_model import TINY_BASE, load_config, load_tokenizer
from PACKAGE.llm.config import ModelConfig
base = ModelConfig(base_model=TINY_BASE)
changed = json.loads(sys.argv[2])
sizes = {**changed, "num_key_value_heads": changed["num_attention_heads"], "head_dim": 32}
set_seed(0)
LlamaForCausalLM(LlamaConfig(**{**load_config(base).to_dict(), **sizes})).save_pretrained(sys.argv[1])
load_tokenizer(base).save_pretrained(sys.argv[1])
"""
# Memory is read where training ends: as the interpreter ends, the libraries of PyTorch take more, with any training.
_TIMED = """
import json, resource, sys, time
from pathlib import Path
from trl import SFTTrainer
train, output = SFTTrainer.train, sys.argv.pop(1)
def timed(self, *arguments, **options):
    started = time.perf_counter()
    result = train(self, *arguments, **options)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    rows = self.train_dataset
    tokens = sum(map(len, rows["input_ids"]))
    learned = sum(label != -100 for labels in rows["labels"] for label in labels)
    found = {"seconds": seconds, "tokens": tokens, "learned": learned, "steps": self.state.global_step}
    found["mebibytes"] = peak
    Path(output).write_text(json.dumps(found))
    return result
SFTTrainer.train = timed
"""
_OURS = """
from PACKAGE.llm.config import TrainingConfig
from PACKAGE.llm.data.formats import read_rows
from PACKAGE.llm.fine_tuning import LLMTrainer
folder = Path(sys.argv[1])
settings = json.loads(sys.argv[2])
config = TrainingConfig(method="full", epochs=1, schedule="linear", warmup=0, keep_states=0, **settings)
trainer = LLMTrainer(str(folder / "model"), config, device="cpu")
trainer.fine_tune({"train": read_rows(folder / "ours.jsonl")[1]})
trainer.model.save_pretrained(folder / "ours")
"""
_TRL = """
from trl.scripts.sft import main, make_parser
main(*make_parser().parse_args_and_config())
"""
_JUDGE = """
import json, sys
from pathlib import Path
import torch
from transformers import AutoModelForCausalLM
from PACKAGE.llm.base_model import load_tokenizer
from PACKAGE.llm.config import ModelConfig
from PACKAGE.llm.data.examples import conversation
from PACKAGE.llm.data.formats import read_rows
from PACKAGE.llm.training.data_preparation import encode
folder = Path(sys.argv[1])
tokenizer = load_tokenizer(ModelConfig(base_model=str(folder / "model")))
rows = encode(tokenizer, [conversation(row) for row in read_rows(folder / "held-out.jsonl")[1]])
found = {}
for name in sys.argv[3:]:
    model = AutoModelForCausalLM.from_pretrained(folder / name).eval()
    with torch.no_grad():
        losses = [
            float(model(input_ids=torch.tensor([row.input_ids]), labels=torch.tensor([row.labels])).loss)
            for row in rows
        ]
    found[name] = sum(loss * row.supervised for loss, row in zip(losses, rows)) / sum(row.supervised for row in rows)
Path(sys.argv[2]).write_text(json.dumps(found))
"""


def measure(options: Namespace, package: str) -> list[Figure]:
    """Train in processes of their own, by turns, and compare the medians of the time that training itself took."""
    settings = json.dumps({"batch_size": ROWS_IN_A_STEP, "learning_rate": LEARNING_RATE})
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment = {
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(folder / "cache"),
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        _write_rows(folder)
        found = folder / "found.json"

        def python(code: str, *arguments: str | Path) -> None:
            run([sys.executable, "-c", code.replace("PACKAGE", package), *arguments], folder, environment)

        python(_PREPARE, folder / "model", json.dumps(MODEL))
        trainings = {"ours": (_TIMED + _OURS, str(folder), settings), "trl": (_TIMED + _TRL, *_trl_options(folder))}
        taken: dict[str, list[dict[str, float]]] = {name: [] for name in trainings}
        for _ in range(options.rounds):
            for trained, (code, *arguments) in trainings.items():
                python(code, found, *arguments)
                taken[trained].append(json.loads(found.read_text(encoding="utf-8")))
        python(_JUDGE, folder, found, *trainings)
        losses = json.loads(found.read_text(encoding="utf-8"))
    _check_alike(taken["ours"][0], taken["trl"][0])
    speed = {
        name: some[0]["tokens"] / statistics.median(one["seconds"] for one in some) for name, some in taken.items()
    }
    memory = {name: max(one["mebibytes"] for one in some) for name, some in taken.items()}
    return [
        Figure(
            *("llm: training on short rows, beside TRL's script", speed["ours"], "tokens/s"),
            bare=speed["trl"],
            target=FASTER,
            better="above",
            relative=True,
        ),
        _no_more("  validation loss", losses, "nats", LOSS_MARGIN),
        _no_more("  memory", memory, "MiB", 1.0),
    ]


def _no_more(name: str, values: Mapping[str, float], unit: str, times: float) -> Figure:
    return Figure(name, values["ours"], unit, bare=values["trl"], target=times, relative=True)


def _check_alike(ours: Mapping[str, float], theirs: Mapping[str, float]) -> None:
    for what in ("tokens", "learned", "steps"):
        if ours[what] != theirs[what]:
            sys.exit(f"{what}: {ours[what]} of ours, {theirs[what]} of TRL's script: there is nothing to compare")


def _trl_options(folder: Path) -> list[str]:
    """Give only what says what is trained, on which device, how fast it learns, how long, and that no state is kept."""
    options: dict[str, Any] = {
        "model_name_or_path": folder / "model",
        "dataset_name": folder / "data",
        "output_dir": folder / "trl",
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
        "save_strategy": "no",
        "learning_rate": LEARNING_RATE,
        "num_train_epochs": 1,
    }
    return [str(part) for key, value in options.items() for part in (f"--{key}", value)]


def _write_rows(folder: Path) -> None:
    """Write the same rows for both: a passage of one to eight facts, and a question about one of them."""
    draw = np.random.default_rng(0)
    rows = []
    for number in range(ROWS + HELD_OUT):
        chosen = draw.choice(FACTS, draw.integers(1, MOST_FACTS, endpoint=True), replace=False).tolist()
        facts = dict(zip(chosen, draw.integers(2, 99, len(chosen)).tolist(), strict=True))
        passage = " ".join(f"The {fact} of store {number} is {value}." for fact, value in facts.items())
        asked = chosen[int(draw.integers(len(chosen)))]
        question = {"role": "user", "content": f"{passage}\n\nWhat is the {asked} of store {number}?"}
        rows.append((question, {"role": "assistant", "content": str(facts[asked])}))
    (folder / "data").mkdir()
    _write(folder / "ours.jsonl", [{"messages": row} for row in rows[:ROWS]])
    _write(folder / "held-out.jsonl", [{"messages": row} for row in rows[ROWS:]])
    _write(folder / "data" / "train.jsonl", [{"prompt": row[:1], "completion": row[1:]} for row in rows[:ROWS]])


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
