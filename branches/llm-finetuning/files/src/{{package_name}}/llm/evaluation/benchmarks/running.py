"""Asking a model the questions of benchmarks.

model, benchmark → answers of the harness → examples with their scores → scores with intervals
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base_model import load_tokenizer
from ...config import ModelConfig
from ...errors import ModelError
from ...training.checkpoint_names import label_of
from ...training.checkpointing import CheckpointManager
from ..assessing import score_examples
from ..config import EvaluationConfig
from ..records import EvaluationReport, Score
from .asking import Asked, ask_task
from .finding import Benchmark, find_benchmarks

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class BenchmarkResult:
    """What was found of one benchmark.

    Attributes
    ----------
    name : str
        That of the benchmark.
    report : EvaluationReport
        Its questions, with what was answered.
    cut : int
        Questions longer than the context, of which the beginning was left out.
    parts : mapping of str to mapping of str to Score
        Scores of its tasks, where it has several.
    """

    name: str
    report: EvaluationReport
    cut: int
    parts: Mapping[str, Mapping[str, Score]]


def run_benchmark(asked: Asked, benchmark: Benchmark, settings: EvaluationConfig, *, limit: int = 0) -> BenchmarkResult:
    """Put a benchmark to a model, which stays in its mode; random numbers go on afterwards as if nothing had been.

    Parameters
    ----------
    limit : int
        Most questions of each task; 0 for all.

    Raises
    ------
    ModelError
        If the harness can't ask this model this.
    """
    found, cut = {}, 0
    with _undisturbed(asked.model):
        for name, task in benchmark.tasks.items():
            found[name] = ask_task(asked, name, task, batch_size=settings.batch_size, limit=limit)
            cut += found[name].cut
    examples = [example for one in found.values() for example in one.examples]
    shared = set.intersection(*(set(example.scores) for example in examples))
    first = next(iter(found.values()))
    labels = {name: label for name, label in first.labels.items() if name in shared}
    scores = score_examples(examples, labels, settings) if labels else {}
    if len(found) == 1:
        scores |= {name: one for name, one in first.others.items() if name not in scores}
    parts = {name: score_examples(one.examples, labels, settings) for name, one in found.items()}
    if not scores:
        raise ModelError(f"{benchmark.name} gives no score", hint="give its task a metric_list")
    report = EvaluationReport(
        model=asked.name,
        asked=f"{benchmark.name} ({benchmark.source})",
        use_case=benchmark.name,
        base_model=asked.base_model,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        level=settings.level,
        scores=scores,
        empty=sum(not example.answer.strip() for example in examples),
        examples=tuple(examples),
    )
    return BenchmarkResult(benchmark.name, report, cut, parts if len(parts) > 1 else {})


def ask_benchmark(
    model: PreTrainedModel | PeftModel | str | Path,
    tokenizer: PreTrainedTokenizerBase | None,
    name: str,
    settings: EvaluationConfig,
    *,
    limit: int,
) -> dict[str, Score]:
    """Put a benchmark to a model, or to a checkpoint, and give its scores.

    Returns
    -------
    dict of str to Score
        By the name of the measure; after that of the benchmark, if the name stands for several.

    Raises
    ------
    CheckpointError, DataError, ModelError
        If the benchmark, the checkpoint or the tokenizer is not to be had.
    """
    benchmarks = find_benchmarks([name], settings.custom_tasks, shots=settings.shots)
    if isinstance(model, str | Path):
        model, tokenizer, facts = CheckpointManager().load_checkpoint(model)
        asked = Asked(model, tokenizer, label_of(facts), str(facts.get("base_model") or ""))
    else:
        origin = str(model.config.name_or_path)
        asked = Asked(model, tokenizer or load_tokenizer(ModelConfig(base_model=origin)), origin, origin)
    found = {one.name: run_benchmark(asked, one, settings, limit=limit).report.scores for one in benchmarks}
    if len(found) == 1:
        return found[benchmarks[0].name]
    return {f"{test}_{measure}": score for test, scores in found.items() for measure, score in scores.items()}


@contextmanager
def _undisturbed(model: Any) -> Iterator[None]:
    """Leave a model that may be in training, and its random numbers, as they were found."""
    import numpy as np
    import torch

    was_training = model.training
    devices = [model.device] if model.device.type == "cuda" else []
    of_mps = torch.mps.get_rng_state() if model.device.type == "mps" else None  # which fork_rng does not know
    numbers, of_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        if of_mps is not None:
            torch.mps.set_rng_state(of_mps)
        random.setstate(numbers)
        np.random.set_state(of_numpy)
        model.train(was_training)
