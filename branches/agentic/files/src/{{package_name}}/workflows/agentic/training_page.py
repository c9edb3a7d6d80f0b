"""What a training by several shows on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...reports import Code, Report, Section, Status, Table, Text
from .crew import WORK_COLUMNS, work_table

if TYPE_CHECKING:
    from pathlib import Path

    from ...agents.coordination.consensus import Resolution
    from ...reports import Block
    from .training_records import Training


def write_training(training: Training, folder: Path) -> Path:
    """Write `report.json` and `index.html` into a folder.

    Returns
    -------
    Path
        Of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(training.model_dump_json(indent=2) + "\n", encoding="utf-8")
    sections = [
        Section("Proposals and what came of them", proposal_blocks(training)),
        Section("Vote", vote_blocks(training.rounds)),
        Section("Gate", gate_blocks(training)),
        Section("How it came about", [Table(WORK_COLUMNS, work_table(training.work))]),
    ]
    title = f"A model of {training.dataset}, trained together"
    return Report(title, verdict(training), sections).write(folder / "index.html")


def verdict(training: Training) -> str:
    """Say in a sentence how it ended."""
    if not training.ending:
        return f"It ended before a version was chosen: {training.ending.reason}."
    by = "by vote" if training.agreed else "as the best in cross-validation, since no vote decided"
    if training.decision is None:
        return f"Version {training.chosen} was chosen {by}; it is the champion already."
    went = "made it the champion" if training.decision["promoted"] else "refused it"
    return f"Version {training.chosen} was chosen {by}, and the gate {went}."


def proposal_blocks(training: Training) -> list[Block]:
    """Show who proposed what, what was measured, and what the critic says."""
    proposed = [(one.proposer, one.algorithm, one.reason) for one in training.proposals]
    metric = training.metric
    measured = [
        (one.option, one.algorithm, one.cross_validation.get(metric), one.validation.get(metric))
        for one in training.trained
    ]
    columns = ("version", "algorithm", f"{metric}, cross-validated", f"{metric}, validation split")
    blocks: list[Block] = [Table(("proposer", "algorithm", "reason"), proposed), Table(columns, measured)]
    blocks += [Status("warning", f"{name}'s proposal failed: {why}") for name, why in training.failed.items()]
    faults = [(f"version {one.version}", one.fault) for one in training.faults]
    if faults:
        return [*blocks, Table(("version", "the critic says"), faults)]
    return [*blocks, Text("The critic finds no fault.")] if training.rounds else blocks


def vote_blocks(rounds: tuple[Resolution, ...]) -> list[Block]:
    """Show each round: who voted for what, who dissents, and how it was counted."""
    blocks: list[Block] = []
    for number, one in enumerate(rounds, start=1):
        level: Any = "good" if one.decided else "warning"
        decided = f"decided for {one.choice}" if one.decided else f"nothing decided: {one.outcome.replace('_', ' ')}"
        told = f"Round {number}: {decided}, with {len(one.dissent)} of another opinion"
        blocks += [Status(level, told), Code("\n".join(one.transcript))]
    return blocks


def gate_blocks(training: Training) -> list[Block]:
    """Show what the promotion gate decided."""
    if not training.ending:
        return [Status("warning", training.ending.reason), Text(training.ending.hint)]
    decision: dict[str, Any] | None = training.decision
    if decision is None:
        return [Status("info", f"version {training.chosen} is the champion already")]
    checks = [(one["name"], one["passed"], one["detail"]) for one in decision["checks"]]
    mark: Block = Status("good", "promoted") if decision["promoted"] else Status("warning", "refused")
    return [mark, Text(decision["reason"]), Table(("condition", "held", "found"), checks)]
