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
from .methods import Method, check_layers, find_method, working_methods
from .page import PAGE, detail_sections, fault_sections, quantization_page
from .quantizing import Original, Trial, Trials, load_original, save_trial
from .selection import choose

if TYPE_CHECKING:
    from ..options import Settings

EXPERIMENT = "llm-quantization"


def start_trials(
    settings: Settings, methods: Sequence[Method], checkpoint: str | None, dataset: str | None, documents: Path | None
) -> Trials:
    """Load a checkpoint, and ask it what was kept from it."""
    config = settings.config
    original = load_original(open_checkpoints(settings), checkpoint or config.training.name, config)
    if len(methods) == 1:  # of several, those that fit are tried
        check_layers(original.model, methods[0], config.quantization.group_size)
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
        If there is no such method, or the device can't run it, or can run none.
    """
    device = pick_device(settings.config.model.device)
    wanted = name or settings.config.quantization.method
    quantization = settings.config.quantization
    return working_methods(device, quantization) if wanted == AUTO else [find_method(wanted, device, quantization)]


def quantize_checkpoint(settings: Settings, trials: Trials, methods: Sequence[Method], name: str | None) -> Path:
    """Try methods, write the page, save the model of the only one or the best, and record it.

    Raises
    ------
    ModelError
        If there is a choice, and no method works or keeps within the limits.
    """
    found, faults = try_methods(trials, methods)
    failed = fault_sections(faults)
    page, limits = settings.root / PAGE, settings.config.quantization
    try:
        best = found[0] if len(found) == 1 else choose(found, limits)
    except ModelError:
        quantization_page(trials.original.label, found, None, limits, failed).write(page)
        record_trials(settings, trials, found, None)
        tell_page(page, settings.root)
        raise
    original = trials.original
    analysis = analyse(original.model, trials.quantize(best.method), original.tokenizer, golden_of(original.facts))
    details = [*failed, *detail_sections(best, analysis, trials.rows)]
    quantization_page(original.label, found, best, limits, details).write(page)
    record_trials(settings, trials, found, best)
    tell_page(page, settings.root)
    return save_trial(open_checkpoints(settings), trials, best, name)


def try_methods(trials: Trials, methods: Sequence[Method]) -> tuple[list[Trial], dict[str, str]]:
    """Try methods, and say why those failed that did; the only one raises what it raises.

    Raises
    ------
    ModelError
        If all fail.
    """
    found: list[Trial] = []
    faults: dict[str, str] = {}
    for method in methods:
        try:
            found.append(trials.run(method))
        except Exception as fault:  # kernels raise whatever their authors chose
            if len(methods) == 1:
                raise
            faults[method.name] = (str(fault).strip() or type(fault).__name__).splitlines()[0]
            console.print(f"{method.name} fails: {faults[method.name]}", soft_wrap=True, markup=False)
        else:
            print_trial(trials.original, found[-1])
    if not found:
        told = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        raise ModelError(f"no method works on {trials.original.label}: {told}", hint="change llm.quantization")
    return found, faults


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
    table.add_row("ms a token", f"{trial.speed.token_before:.1f}", f"{trial.speed.token_after:.1f}")
    out.print(f"{original.label} as {trial.method.name}: {trial.method.summary}", soft_wrap=True)
    out.print(table)
    out.print(f"{trial.saved_share:.0%} smaller than as bfloat16; lost {trial.loss}", soft_wrap=True)
    out.print(str(trial.speed), soft_wrap=True)


def record_trials(settings: Settings, trials: Trials, found: Sequence[Trial], best: Trial | None) -> None:
    """Record what each method brought and cost, with the page."""
    label = trials.original.label
    for trial in found:
        tags = {KIND: EXPERIMENT, "checkpoint": label, "method": trial.method.name, "metric": "loss_points"}
        tags["chosen"] = "yes" if trial is best else "no"
        with record_run(settings.store, settings.root, EXPERIMENT, f"{label}-{trial.method.name}", tags) as run:
            run.log_params({"quantization": settings.config.quantization.model_dump(mode="json")})
            run.log_metrics(trial.figures())
            if trial is (best or found[0]):  # the page shows all of them
                run.log_folder((settings.root / PAGE).parent)
        tell_run(run.id)
