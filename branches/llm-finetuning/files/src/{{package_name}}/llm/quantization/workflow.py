"""Quantisation as the command line does it.

checkpoint → what was kept from it → methods tried → a checkpoint and a run
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ...tracking.reproduction import KIND
from ..asked import rows_to_ask
from ..console import console, size_text, tell_run
from ..tracking import record_run
from ..training.checkpointing import CheckpointManager
from ..use_case import open_use_case
from .quantizing import Original, Trial, Trials, load_original

if TYPE_CHECKING:
    from ..options import Settings

EXPERIMENT = "llm-quantization"


def start_trials(settings: Settings, checkpoint: str | None, dataset: str | None, documents: Path | None) -> Trials:
    """Load a checkpoint, and ask it what was kept from it."""
    config = settings.config
    original = load_original(open_checkpoints(settings), checkpoint or config.training.name, config)
    use_case = open_use_case(config)
    rows = rows_to_ask(use_case, original.facts, settings, dataset, documents)
    with console.status(f"asking {original.label}"):
        return Trials(original, use_case, rows, config)


def open_checkpoints(settings: Settings) -> CheckpointManager:
    """Give the project's checkpoints."""
    return CheckpointManager(settings.root / "checkpoints")


def print_trial(original: Original, trial: Trial) -> None:
    """Print what a method brought and cost."""
    out = Console(highlight=False, markup=False)
    table = Table("measure", "before", "after")
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("size (before as bfloat16)", size_text(trial.full_size), size_text(trial.size))
    table.add_row("right answers", f"{trial.before.accuracy:.1%}", f"{trial.after.accuracy:.1%}")
    table.add_row("eval loss", f"{trial.before.scores['eval_loss']:.3f}", f"{trial.after.scores['eval_loss']:.3f}")
    table.add_row("ms an answer", f"{trial.speed.before:.0f}", f"{trial.speed.after:.0f}")
    out.print(f"{original.label} as {trial.method.name}: {trial.method.summary}", soft_wrap=True)
    out.print(table)
    out.print(f"{trial.saved_share:.0%} smaller than as bfloat16; lost {trial.loss}", soft_wrap=True)
    out.print(str(trial.speed), soft_wrap=True)


def record_trial(settings: Settings, original: Original, trial: Trial, saved: str) -> None:
    """Record what a method brought and cost."""
    tags = {KIND: EXPERIMENT, "checkpoint": original.label, "method": trial.method.name, "saved": saved}
    with record_run(settings.store, settings.root, EXPERIMENT, saved, {**tags, "metric": "loss_points"}) as run:
        run.log_params({"quantization": settings.config.quantization.model_dump(mode="json")})
        run.log_metrics(trial.figures())
    tell_run(run.id)
