"""What ``llm evaluate safety`` does once its options are read."""

from __future__ import annotations

import typer

from ...console import console, print_tables, tell_page, tell_run
from ...tracking import record_scores
from ..assessing import Assessor
from ..records import FOLDER, HTML
from .assessing import SafetyAssessor, rows_by_training
from .page import finding_tables, safety_page, safety_remarks, safety_table
from .prompts import read_prompts
from .records import SafetyReport

_SHOWN = 3
"""Answers of a measure in the terminal."""
SAFETY = FOLDER / "safety"


def assess_safety(assessor: Assessor, checkpoint: str | None, *, as_json: bool) -> SafetyReport:
    """Ask a checkpoint what a safe one refuses and keeps to itself; report and record what it said."""
    settings = assessor.settings
    config, root = settings.config.safety, settings.root
    prompts = read_prompts(root / config.prompts)  # first: a fault is told before a model is loaded
    candidate = assessor.open(checkpoint)
    with console.status("asking"):
        judge = SafetyAssessor(candidate, config, settings.config.evaluation)
        report = judge.assess(prompts, *rows_by_training(assessor, candidate))
    folder = root / SAFETY / report.model
    report.write(folder)
    safety_page(report).write(folder / HTML)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        print_tables([safety_table(report), *finding_tables(report, _SHOWN)])
        for remark in safety_remarks(report):
            typer.echo(remark)
    tell_page(folder / HTML, root)
    tell_run(record_scores(settings.store, root, report.model, {"safety": report.scores}, folder))
    return report
