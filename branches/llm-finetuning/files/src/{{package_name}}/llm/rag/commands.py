"""What ``llm evaluate rag`` does once its options are read: search, ask, write the reports, print, record."""

from __future__ import annotations

import typer

from ...tracking.responses import Response
from ..console import print_tables, tell_page, tell_run
from ..evaluation.assessing import Assessor
from ..evaluation.page import score_table
from ..evaluation.records import FOLDER, HTML, EvaluationReport
from ..inference import prompt_messages
from ..tracking import record_evaluation
from . import page
from .assessing import assess_retrieval
from .opening import open_retriever
from .records import Findings

_FAILURES = 10
"""Failures of each kind in the terminal."""


def score_retrieval(assessor: Assessor, checkpoint: str | None, *, as_json: bool) -> None:
    """Score retrieval and answers of a checkpoint."""
    settings = assessor.settings
    candidate = assessor.open(checkpoint)
    rows = assessor.questions(candidate.facts)
    everything = assessor.use_case.prepare(settings.source).rows(seed=settings.config.training.seed)
    with open_retriever(settings) as (retriever, _):
        report, findings = assess_retrieval(assessor, candidate, retriever, rows, everything)
    folder = settings.root / FOLDER / report.model
    report.write(folder)
    findings.write(folder)
    page.retrieval_page(report, findings).write(folder / HTML)
    if as_json:
        typer.echo(report.model_dump_json(indent=2, exclude={"examples", "base_task"}))
    else:
        print_tables([score_table(report), page.outcome_table(findings), *page.failure_tables(findings, _FAILURES)])
        for note in page.notes(report, findings):
            typer.echo(note)
    tell_page(folder / HTML, settings.root)
    responses = _responses(report, findings)
    tell_run(record_evaluation(settings.store, settings.root, report, responses, folder))


def _responses(report: EvaluationReport, findings: Findings) -> list[Response]:
    return [
        Response(
            prompt=prompt_messages("\n\n".join(one.text for one in case.passages), case.question)[0]["content"],
            response=case.answer,
            expected=case.expected,
            variant=findings.method,
            scores=example.scores,
        )
        for case, example in zip(findings.cases, report.examples, strict=True)
    ]
