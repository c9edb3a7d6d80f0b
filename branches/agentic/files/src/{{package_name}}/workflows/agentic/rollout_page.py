"""What the rollout of a candidate shows on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...reports import Facts, Report, Section, Status, Table, Text
from .adaptive_deployment import verdict
from .crew import WORK_COLUMNS, work_table

if TYPE_CHECKING:
    from pathlib import Path

    from ...reports import Block
    from .adaptive_deployment import Rollout

_COLUMNS = ("look", "version", "answered", "failed", "ms for a row", "labelled")


def write_rollout(rollout: Rollout, folder: Path) -> Path:
    """Write `report.json` and `index.html` into a folder.

    Returns
    -------
    Path
        Of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(rollout.model_dump_json(indent=2) + "\n", encoding="utf-8")
    sections = [
        Section("Decision", decision_blocks(rollout)),
        Section("Figures", figure_blocks(rollout)),
        Section("How it came about", [Table(WORK_COLUMNS, work_table(rollout.work))]),
    ]
    title = f"Version {rollout.candidate} of {rollout.model}, tried on requests"
    return Report(title, verdict(rollout), sections).write(folder / "index.html")


def decision_blocks(rollout: Rollout) -> list[Block]:
    """Show what was decided, by whom, and by which conditions."""
    if rollout.outcome == "open":
        return [Status("warning", rollout.reason), Text(rollout.ending.hint)]
    mark = Status("good" if rollout.outcome == "forward" else "warning", f"rolled {rollout.outcome}")
    decision: dict[str, Any] = rollout.decision
    checks = [(one["name"], one["passed"], one["detail"]) for one in decision["checks"]]
    facts = Facts({"candidate": rollout.candidate, "champion before": rollout.before, "decided by": rollout.by})
    return [mark, Text(rollout.reason), facts, Table(("condition", "held", "found"), checks)]


def figure_blocks(rollout: Rollout) -> list[Block]:
    """Show how both did at each look, and what the agent said."""
    metric = rollout.rounds[-1].figures.metric if rollout.rounds else "score"
    rows = [
        (number, side.version, side.answered, side.failures, side.milliseconds, side.labelled, side.score)
        for number, one in enumerate(rollout.rounds, start=1)
        for side in (one.figures.candidate, one.figures.champion)
    ]
    said = [
        (number, one.decision, one.figures.evidence, one.reason) for number, one in enumerate(rollout.rounds, start=1)
    ]
    return [
        Table((*_COLUMNS, metric), rows, "the candidate first, then the champion"),
        Table(("look", "decision", "labels say", "the agent says"), said),
    ]
