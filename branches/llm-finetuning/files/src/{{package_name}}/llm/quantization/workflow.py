"""Quantisation as the command line does it.

checkpoint → what was kept from it → methods tried → a checkpoint, a page and a run
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import first_line
from ...tracking.reproduction import KIND
from ..asked import learned_rows, rows_to_ask
from ..base_model import pick_device
from ..console import console, tell_page, tell_run
from ..errors import ModelError
from ..pipeline import spread
from ..tracking import record_run
from ..training.checkpointing import CheckpointManager
from ..use_case import open_use_case
from .analysis import analyse
from .methods import Candidates, find_candidates
from .page import PAGE, detail_sections, fault_sections, quantization_page
from .quantizing import Trial, Trials, load_original, save_trial
from .selection import choose, contenders
from .tables import print_choice, print_trial

if TYPE_CHECKING:
    from ..options import Settings

EXPERIMENT = "llm-quantization"
REPORT = PAGE.with_name("report.json")


def start_trials(settings: Settings, checkpoint: str | None, dataset: str | None, documents: Path | None) -> Trials:
    """Load a checkpoint, with what was kept from it."""
    config = settings.config
    original = load_original(open_checkpoints(settings), checkpoint or config.training.name, config)
    use_case = open_use_case(config)
    rows = rows_to_ask(use_case, original.facts, settings, dataset, documents)
    return Trials(original, use_case, rows, config, lambda: learned_rows(use_case, original.facts, settings, dataset))


def open_checkpoints(settings: Settings) -> CheckpointManager:
    """Give the project's checkpoints."""
    return CheckpointManager.of_project(settings.root)


def find_methods(settings: Settings, name: str | None) -> Candidates:
    """Give the method that was named, or is configured; or of the candidates those that the device runs.

    Raises
    ------
    ModelError
        If there is no such method, or the device can't run it, or can run none.
    """
    found = find_candidates(name, pick_device(settings.config.model.device), settings.config.quantization)
    for method, fault in found.faults.items():
        console.print(f"{method} does not run here: {fault}", soft_wrap=True)
    return found


def quantize_checkpoint(settings: Settings, trials: Trials, candidates: Candidates, name: str | None) -> Path:
    """Try methods, write the page, save the model of the only one or the best, and record it.

    Raises
    ------
    ModelError
        If there is a choice, and no method works or keeps within the limits.
    """
    limits, original = settings.config.quantization, trials.original
    found, models, faults = try_methods(trials, candidates)
    failed = fault_sections(faults)
    page = settings.root / PAGE
    try:
        best = _best(original.label, found, faults, settings) if candidates.choosing else found[0]
    except ModelError:
        print_choice(found, None, limits)
        quantization_page(original.label, found, None, limits, failed).write(page)
        record_trials(settings, trials, found, None, faults)
        tell_page(page, settings.root)
        raise
    if candidates.choosing:
        print_choice(found, best, limits)
    model = models[best.method.name]
    analysed = [trials.rows[index] for index in spread(trials.rows, limits.analysed_rows)]
    analysis = analyse(original.model, model, original.tokenizer, analysed)
    saved = save_trial(open_checkpoints(settings), original, best, model, name)
    details = [*failed, *detail_sections(best, analysis, trials.rows)]
    quantization_page(original.label, found, best, limits, details).write(page)
    record_trials(settings, trials, found, best, faults)
    tell_page(page, settings.root)
    return saved


def _best(label: str, found: Sequence[Trial], faults: Mapping[str, str], settings: Settings) -> Trial:
    if not found:
        told = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        raise ModelError(f"no method works on {label}: {told}", hint="change llm.quantization")
    return choose(found, settings.config.quantization)


def try_methods(trials: Trials, candidates: Candidates) -> tuple[list[Trial], dict[str, Any], dict[str, str]]:
    """Try methods; the only one raises what it raises.

    Returns
    -------
    list of Trial
        What came of those that work.
    dict of str to PreTrainedModel
        Models that may be chosen, by method; the others are let go, since all may not fit into memory.
    dict of str to str
        Why others fail, which may be all.
    """
    found: list[Trial] = []
    models: dict[str, Any] = {}
    faults = dict(candidates.faults)
    for method in candidates.methods:
        try:
            trial, model = trials.run(method)
        except Exception as fault:  # kernels raise whatever their authors chose
            if not candidates.choosing:
                raise
            faults[method.name] = first_line(fault)
            console.print(f"{method.name} fails: {faults[method.name]}", soft_wrap=True, markup=False)
            continue
        found.append(trial)
        models[method.name] = model
        del model
        if candidates.choosing:
            wanted = {one.method.name for one in contenders(found, trials.settings)}
            models = {name: one for name, one in models.items() if name in wanted}
        print_trial(trials.original, trial)
    return found, models, faults


def record_trials(
    settings: Settings, trials: Trials, found: Sequence[Trial], best: Trial | None, faults: Mapping[str, str]
) -> None:
    """Record what each method brought and cost, with the page, and write the same as JSON."""
    label = trials.original.label
    report = {
        "checkpoint": label,
        "chosen": best.method.name if best else None,
        "methods": {trial.method.name: trial.figures() for trial in found},
        "failed": dict(faults),
    }
    (settings.root / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for trial in found:
        tags = {KIND: EXPERIMENT, "checkpoint": label, "method": trial.method.name, "metric": "loss_points"}
        tags["chosen"] = "yes" if trial is best else "no"
        with record_run(settings.store, settings.root, EXPERIMENT, f"{label}-{trial.method.name}", tags) as run:
            run.log_params({"quantization": settings.config.quantization.model_dump(mode="json")})
            run.log_metrics(trial.figures())
            if trial is (best or found[0]):  # the page shows all of them
                run.log_folder((settings.root / PAGE).parent)
        tell_run(run.id)
