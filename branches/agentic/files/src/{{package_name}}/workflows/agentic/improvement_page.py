"""What looking after a model shows on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...reports import Facts, Report, Section, Status, Table, Text
from .continuous_improvement import NOTHING, names_of, verdict
from .crew import WORK_COLUMNS, work_table

if TYPE_CHECKING:
    from pathlib import Path

    from ...reports import Block
    from .continuous_improvement import Improvement


def write_improvement(improved: Improvement, folder: Path) -> Path:
    """Write `report.json` and `index.html` into a folder.

    Returns
    -------
    Path
        Of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(improved.model_dump_json(indent=2) + "\n", encoding="utf-8")
    sections = [Section("Drift", drift_blocks(improved))]
    if improved.outcome != NOTHING:
        sections += [
            Section("Retraining", retraining_blocks(improved)),
            Section("Lesson", lesson_blocks(improved)),
            Section("How it came about", [Table(WORK_COLUMNS, work_table(improved.work))]),
        ]
    return Report(f"The model {improved.model}, looked after", verdict(improved), sections).write(folder / "index.html")


def drift_blocks(improved: Improvement) -> list[Block]:
    """Show what monitoring has found."""
    if not improved.drifted:
        return [Status("good" if improved.status == "ok" else "warning", improved.reason)]
    told = f"{len(improved.drifted)} columns drifted, over {improved.rows} predictions of version {improved.version}"
    rows = names_of(improved.drifted)
    return [Status("warning", told), Table(("column", "kind", "PSI"), rows, "the most drifted first")]


def retraining_blocks(improved: Improvement) -> list[Block]:
    """Show what was trained, and what the gate decided."""
    mark = Status("good" if improved.outcome == "promoted" else "warning", verdict(improved))
    blocks: list[Block] = [mark, Text(improved.reason)]
    if improved.scores:
        found, metric = improved.scores, improved.scores.metric
        gain = f"{found.gain:.4g} [{found.low:.4g}, {found.high:.4g}]" if found.gain is not None else "not compared"
        blocks.append(Facts({f"{metric} on the test split": found.value, "gain over the champion": gain}))
    if improved.checks:
        blocks.append(Table(("condition", "held", "found"), improved.checks))
    return blocks


def lesson_blocks(improved: Improvement) -> list[Block]:
    """Show what was remembered before, and what is remembered from now on."""
    remembered = [(one,) for one in improved.recalled]
    before: Block = Text("Nothing of earlier runs fitted.")
    if remembered:
        before = Table(("remembered of earlier runs",), remembered)
    kept = f"kept in memory: {improved.lesson}" if improved.lesson else "nothing was kept in memory"
    return [before, Status("info", kept)]
