"""Quantisation as the command line does it.

checkpoint → what was kept from it → methods tried → a checkpoint and a run
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ...tracking.reproduction import KIND
from ..asked import rows_to_ask
from ..base_model import pick_device
from ..console import console, size_text, tell_page, tell_run
from ..errors import ModelError
from ..tracking import record_run
from ..training.checkpointing import CheckpointManager
from ..training.golden import golden_of
from ..use_case import open_use_case
from .analysis import analyse
from .config import AUTO
from .methods import Method, find_method, working_methods
from .page import PAGE, detail_sections, quantization_page
from .quantizing import Original, Trial, Trials, load_original, save_trial
from .selection import choose

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


def find_methods(settings: Settings, name: str | None) -> list[Method]:
    """Give the method that was named, or is configured; or all that the device runs.

    Raises
    ------
    ModelError
        If there is no such method, or the device can't run it.
    """
    device = pick_device(settings.config.model.device)
    wanted = name or settings.config.quantization.method
    return working_methods(device) if wanted == AUTO else [find_method(wanted, device)]


def quantize_checkpoint(settings: Settings, trials: Trials, methods: Sequence[Method], name: str | None) -> Path:
    """Try methods, write the page, save the model of the only one or the best, and record it.

    Raises
    ------
    ModelError
        If there is a choice, and no method keeps within the limits.
    """
    found = []
    for method in methods:
        found.append(trials.run(method))
        print_trial(trials.original, found[-1])
    page, limits = settings.root / PAGE, settings.config.quantization
    try:
        best = found[0] if len(found) == 1 else choose(found, limits)
    except ModelError:
        quantization_page(trials.original.label, found, None, limits).write(page)
        tell_page(page, settings.root)
        raise
    original = trials.original
    analysis = analyse(original.model, trials.quantize(best.method), original.tokenizer, golden_of(original.facts))
    details = detail_sections(best, analysis, trials.rows)
    quantization_page(original.label, found, best, limits, details).write(page)
    saved = save_trial(open_checkpoints(settings), trials, best, name)
    record_trials(settings, trials, found, best, saved.name)
    tell_page(page, settings.root)
    return saved


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


def record_trials(settings: Settings, trials: Trials, found: Sequence[Trial], best: Trial, saved: str) -> None:
    """Record what each method brought and cost, with the page."""
    label = trials.original.label
    for trial in found:
        tags = {KIND: EXPERIMENT, "checkpoint": label, "method": trial.method.name, "metric": "loss_points"}
        tags["saved"] = saved if trial is best else ""
        with record_run(settings.store, settings.root, EXPERIMENT, f"{label}-{trial.method.name}", tags) as run:
            run.log_params({"quantization": settings.config.quantization.model_dump(mode="json")})
            run.log_metrics(trial.figures())
            if trial is best:
                run.log_folder((settings.root / PAGE).parent)
        tell_run(run.id)
