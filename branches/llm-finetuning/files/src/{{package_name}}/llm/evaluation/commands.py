"""What the commands ``llm evaluate …`` do once their options are read: ask, write the reports, print, record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from ...config.settings import one_of
from ..console import print_tables, tell_page, tell_run
from ..errors import DataError
from ..tracking import record_contrast, record_evaluation
from . import contrast_page, page
from .assessing import Assessor
from .estimates import LOSS
from .forgetting import BASE_TASK
from .gating import Contrast, contrast, judge
from .records import FOLDER, HTML, JSON, EvaluationReport
from .sides import Side

_WORSE = 10
"""Answers that got worse by one measure, in the terminal."""


def score_model(assessor: Assessor, checkpoint: str | None, *, as_json: bool) -> None:
    """Score a checkpoint."""
    root, store = assessor.settings.root, assessor.settings.store
    candidate = assessor.open(checkpoint)
    rows = assessor.questions(candidate.facts)
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
    assessor: Assessor, first: Side, second: Side, *, as_json: bool, limits: Mapping[str, float] | None = None
) -> Contrast:
    """Compare two models on the same questions; with limits, hold the second to them.

    Parameters
    ----------
    limits : mapping of str to float or None
        What the second may be worse by, by the name of the measure.

    Raises
    ------
    DataError
        If a limit is on what is no measure, or there is nothing that both can be asked.
    """
    settings = assessor.settings
    for name in limits or ():
        _check_known(name, [_measures(assessor, side) for side in (first, second)])
    folder = settings.root / FOLDER / f"{second.model}-against-{first.model}"
    reports = reports_of(assessor, (first, second), folder)
    found = contrast(reports[0], reports[1], settings.config.evaluation)
    if limits is not None:
        found = judge(found, limits, strict=settings.config.evaluation.gate.strict)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    contrast_page.contrast_page(found).write(folder / HTML)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        print_tables([contrast_page.comparison_table(found), *contrast_page.worse_tables(found, _WORSE)])
        for remark in contrast_page.remarks(found):
            typer.echo(remark)
    tell_page(folder / HTML, settings.root)
    tell_run(record_contrast(settings.store, settings.root, found, folder))
    return found


def reports_of(assessor: Assessor, sides: Sequence[Side], folder: Path) -> list[EvaluationReport]:
    """Give the report of each; those that are not stored are asked one after the other, and written."""
    asked = [side.facts for side in sides if side.report is None]
    if not asked and (assessor.dataset or assessor.documents):
        names = " and ".join(side.ref for side in sides)
        fault = f"{names} are stored reports, whose questions have been asked"
        raise DataError(fault, hint="leave --dataset and --source out, or name checkpoints")
    rows = assessor.questions(*asked) if asked else []
    found = []
    for side in sides:
        report = side.report
        if report is None:
            report, _ = assessor.assess(assessor.open(side.ref), rows)  # only one model is in memory at a time
            report.write(folder / side.model)
        found.append(report)
    return found


def _measures(assessor: Assessor, side: Side) -> set[str]:
    """Name what a model is, or will be, measured by."""
    if side.report is not None:
        return set(side.report.scores)
    return {*assessor.use_case.wording.measures, *assessor.settings.config.evaluation.metrics, LOSS, BASE_TASK}


def _check_known(name: str, measures: Sequence[set[str]]) -> None:
    """Refuse a limit on what is no measure before a model is asked for long. The base task need not be known."""
    known = set.intersection(*measures)
    if name not in known and name != BASE_TASK:
        fault = f"llm.evaluation.gate.most_lost names {name!r}, which was not measured of both"
        raise DataError(fault, hint=one_of(name, sorted(known)))
