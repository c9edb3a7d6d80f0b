"""Benchmarks that are put to a model in its training, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...base_model import place
from ...config import LLMConfig
from ...console import console, tell_page
from ...distributed.multi_node import world_size
from ...errors import DataError, ModelError
from ...tracking import scores_as_metrics
from ..config import EvaluationConfig
from ..page import shown
from ..records import HTML
from .asking import Asked
from .commands import put, write
from .finding import Benchmark, find_benchmarks
from .running import BenchmarkResult

if TYPE_CHECKING:
    from ....tracking.store import Run
    from ...fine_tuning import LLMTrainer
    from ...training.progress import Progress


def configured_benchmarks(settings: EvaluationConfig, root: Path) -> list[Benchmark]:
    """Find the benchmarks that trainings end with.

    Raises
    ------
    DataError, ModelError
        If one is not to be had, or the harness is not installed.
    """
    if not settings.benchmarks:
        return []
    return find_benchmarks(settings.benchmarks, root / settings.custom_tasks, shots=settings.shots)


def plan_benchmarks(settings: EvaluationConfig, root: Path) -> tuple[str, list[DataError | ModelError]]:
    """Say before a training which benchmarks it is going to run, and why it can't."""
    try:
        found = configured_benchmarks(settings, root)
    except (DataError, ModelError) as error:
        return "missing", [error]
    asked = ", ".join(f"{one.name} {one.count(0):,}" for one in found)
    if not asked:
        return "none", []
    every = f"; each {settings.eval_steps} steps, {settings.eval_questions or 'all'} of a task"
    return f"at the end, with questions: {asked}{every if _is_in_between(settings) else ''}", []


def _is_in_between(settings: EvaluationConfig) -> bool:
    """Say whether to run them while training: of several processes, one alone can't ask a model that all hold."""
    return bool(settings.eval_steps) and world_size() == 1


class TrainingBenchmarks:
    """Benchmarks of one training.

    Parameters
    ----------
    config : LLMConfig
        Says which, and when.
    root : Path
        Folder of the project.
    trainer : LLMTrainer
        Has the model.
    run : Run
        Takes the scores.
    """

    def __init__(self, config: LLMConfig, root: Path, trainer: LLMTrainer, run: Run) -> None:
        self._config, self._root = config, root
        self._trainer, self._run = trainer, run
        self._benchmarks: Sequence[Benchmark] = configured_benchmarks(config.evaluation, root)
        self._reached: int | None = None

    def between(self, told: Progress) -> Progress:
        """Make what runs the benchmarks where so many steps are done, after it has told about them."""
        settings = self._config.evaluation
        if not self._benchmarks or not _is_in_between(settings):
            return told

        def on_progress(step: int, last_step: int, measured: Mapping[str, float]) -> None:
            told(step, last_step, measured)
            if self._reached is None:  # a run that is resumed begins late, and was asked about its first steps then
                self._reached = (step - 1) // settings.eval_steps
            if step // settings.eval_steps > self._reached and step < last_step:
                self._reached = step // settings.eval_steps
                found = put(self._asked("in training"), self._benchmarks, settings, limit=settings.eval_questions)
                self._log(found, step)

        return on_progress

    def finish(self, saved: Path, step: int) -> None:
        """Put all questions to the model that was saved; report and record the scores."""
        if not self._benchmarks:
            return
        place(self._trainer.model, self._trainer.device)
        results = put(self._asked(saved.name), self._benchmarks, self._config.evaluation)
        folder = write(results, self._root)
        self._run.log_folder(folder, "benchmarks")
        self._log(results, step)
        tell_page(folder / HTML, self._root)

    def _log(self, results: Sequence[BenchmarkResult], step: int) -> None:
        self._run.log_metrics(scores_as_metrics({one.name: one.report.scores for one in results}), step=step)
        firsts = {one.name: next(iter(one.report.scores.values())) for one in results}
        told = ", ".join(f"{name} {score.label.lower()} {shown(score)[0]}" for name, score in firsts.items())
        console.print(f"step {step}: {told}", soft_wrap=True)

    def _asked(self, name: str) -> Asked:
        return Asked(self._trainer.model, self._trainer.tokenizer, name, self._config.model.base_model)
