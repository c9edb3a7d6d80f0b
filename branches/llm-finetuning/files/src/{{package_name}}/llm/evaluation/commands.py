"""What the commands ``llm evaluate …`` do once their options are read: ask, write the reports, print, record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import typer

from ..console import print_tables, tell_page, tell_run
from ..tracking import record_contrast, record_evaluation
from . import contrast_page, page
from .assessing import Assessor, Candidate
from .gating import Contrast, contrast, judge
from .records import FOLDER, HTML, JSON, EvaluationReport, read_report

_WORSE = 10
"""Answers that got worse in the terminal."""


def score_model(assessor: Assessor, checkpoint: str | None, *, as_json: bool) -> None:
    """Score a checkpoint."""
    root, store = assessor.settings.root, assessor.settings.store
    candidate = assessor.open(checkpoint)
    rows = assessor.questions(candidate)
    report, evaluated = assessor.assess(candidate, rows)
    tables = evaluated.tables(rows)
    folder = root / FOLDER / report.model
    report.write(folder)
    page.evaluation_page(report, tables).write(folder / HTML)
    if as_json:
        typer.echo(report.model_dump_json(indent=2, exclude={"examples", "base_task"}))
    else:
        print_tables([page.score_table(report), *tables])
        for remark in page.remarks(report):
            typer.echo(remark)
    tell_page(folder / HTML, root)
    tell_run(record_evaluation(store, root, report, evaluated.responses(rows), folder))


def compare_models(
    assessor: Assessor, first: str, second: str, *, as_json: bool, limits: Mapping[str, float] | None = None
) -> Contrast:
    """Compare two models on the same questions; with limits, hold the second to them.

    Parameters
    ----------
    first, second : str
        Checkpoints, or stored reports.
    limits : mapping of str to float or None
        What the second may be worse by, by the name of the measure.
    """
    settings = assessor.settings
    stored = {name: read_report(Path(name)) for name in (first, second) if _is_report(name)}
    opened = {name: assessor.open(name) for name in (first, second) if name not in stored}
    reports = {**stored, **_assessed(assessor, opened)}
    found = contrast(reports[first], reports[second], settings.config.evaluation)
    if limits is not None:
        found = judge(found, limits, strict=settings.config.evaluation.gate.strict)
    folder = settings.root / FOLDER / f"{found.second}-against-{found.first}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    contrast_page.contrast_page(found).write(folder / HTML)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        tables = [contrast_page.comparison_table(found)]
        print_tables([*tables, contrast_page.worse_table(found, _WORSE)] if found.worse else tables)
        for remark in contrast_page.remarks(found):
            typer.echo(remark)
    tell_page(folder / HTML, settings.root)
    tell_run(record_contrast(settings.store, settings.root, found, folder))
    return found


def _assessed(assessor: Assessor, opened: Mapping[str, Candidate]) -> dict[str, EvaluationReport]:
    if not opened:
        return {}
    rows = assessor.questions(*opened.values())
    return {name: assessor.assess(candidate, rows)[0] for name, candidate in opened.items()}


def _is_report(name: str) -> bool:
    path = Path(name)
    return path.suffix == ".json" or (path / JSON).is_file()
