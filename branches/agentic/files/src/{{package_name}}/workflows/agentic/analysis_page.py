"""The page of an analysis: every number on it was computed by this program, not by a model."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

from ...reports import Code, Facts, Figure, Report, Section, Status, Table, Text
from .crew import WORK_COLUMNS, work_table

if TYPE_CHECKING:
    from pathlib import Path

    from ...reports import Block
    from .autonomous_analysis import Analysis

_WIDTH = 100  # characters of a line of SQL
_SHOWN = ("type", "missing", "distinct", "min", "mean", "median", "max")


def write_analysis(analysis: Analysis, folder: Path) -> Path:
    """Write `report.json` and `index.html` into a folder.

    Returns
    -------
    Path
        Of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(analysis.model_dump_json(indent=2) + "\n", encoding="utf-8")
    sections = [
        Section("Answer", answer_blocks(analysis)),
        Section("Queries", query_blocks(analysis)),
        Section("Data", [profile_table(analysis.profile)]),
        Section("How it came about", how_blocks(analysis)),
    ]
    return Report(analysis.question, f"About the dataset {analysis.dataset}.", sections).write(folder / "index.html")


def answer_blocks(analysis: Analysis) -> list[Block]:
    """Show the answer, its numbers and its pictures."""
    if not analysis.ending and not analysis.text:
        return [Status("warning", analysis.ending.reason), Text(analysis.ending.hint)]
    wrong = sum(one.state != "holds" for one in analysis.numbers)
    mark: Block = Status("good", f"All {len(analysis.numbers)} numbers were computed again, and hold")
    if wrong:
        mark = Status("critical", f"{wrong} of {len(analysis.numbers)} numbers and citations do not hold")
    rows = [(one.cites or "—", one.text, one.found, _held(one.state, one.note)) for one in analysis.numbers]
    numbers = Table(("source", "as it is said", "computed again", "verdict"), rows)
    pictures = [Figure(one.svg, one.caption, one.caption) for one in analysis.pictures]
    return [Text(analysis.text), mark, numbers, *pictures]


def query_blocks(analysis: Analysis) -> list[Block]:
    """Show each query with what it gives."""
    blocks: list[Block] = []
    for query in analysis.queries:
        lines = fill(query.sql, _WIDTH, break_long_words=False, break_on_hyphens=False)
        blocks += [Text(f"{query.name}:"), Code(lines)]
        if query.error:
            blocks.append(Status("critical", query.error))
        elif len(query.rows) == 1:
            blocks.append(Facts(dict(zip(query.columns, query.rows[0], strict=True))))
        else:
            blocks.append(Table(query.columns, query.rows))
    return blocks or [Text("None was made.")]


def profile_table(profile: dict[str, Any]) -> Table:
    """Show what the columns of a dataset hold."""
    rows = [(name, *(told.get(key) for key in _SHOWN)) for name, told in profile["columns"].items()]
    return Table(("column", *_SHOWN), rows, f"{profile['dataset']}: {profile['rows']} rows")


def how_blocks(analysis: Analysis) -> list[Block]:
    """Show the plan and the runs."""
    plan = "\n".join(f"{number}. {line}" for number, line in enumerate(analysis.plan, start=1))
    return [Code(plan or "no plan"), Table(WORK_COLUMNS, work_table(analysis.work))]


def _held(state: str, note: str) -> Status:
    return Status("good", "holds") if state == "holds" else Status("critical", note)
