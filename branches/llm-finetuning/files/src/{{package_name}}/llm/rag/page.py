"""What was found of retrieval and answers, as a page, and as tables for the terminal."""

from __future__ import annotations

from datetime import datetime

from ...reports import Block, Facts, Figure, Report, Section, Table, Text
from ...reports.charts import Bar, bars, intervals
from ..evaluation.page import counted, remarks, score_table, shown
from ..evaluation.records import EvaluationReport
from ..use_case import Table as PlainTable
from .records import FAILURES, OUTCOMES, Case, Findings, Outcome

_SHOWN = 100
"""Failures of each kind on the page."""


def outcome_table(findings: Findings) -> PlainTable:
    """Give what became of the questions: which half failed."""
    counts, total = findings.outcomes(), len(findings.cases)
    rows = tuple((OUTCOMES[name], str(count), f"{count / total:.1%}") for name, count in counts.items())
    return PlainTable("passage and answer", ("what became of it", "questions", "share"), rows)


def notes(report: EvaluationReport, findings: Findings) -> list[str]:
    """Say what a reader should know: of the scores, and of how was searched."""
    told = []
    if findings.named:
        questions = counted(findings.named, "question")
        told.append(f"{questions} asked of several documents: searched with the title of the one that is meant")
    if findings.left_out:
        told.append(f"{counted(findings.left_out, 'question')} left out: no passage of the index holds the answer")
    if findings.shortened:
        questions = counted(findings.shortened, "question")
        told.append(f"{questions} with fewer passages: no more fit into the model's context")
    if findings.trained:
        told.append(f"{counted(findings.trained, 'document')} asked about that the model was trained on")
    return [*told, *remarks(report)]


def failure_tables(findings: Findings, most: int) -> list[PlainTable]:
    """Give the first failures of each kind."""
    tables = []
    for outcome in FAILURES:
        cases = [case for case in findings.cases if case.outcome == outcome]
        rows = tuple(_row(case) for case in cases[:most])
        title = f"{OUTCOMES[outcome]}: {counted(len(cases), 'question')}"
        if cases:
            tables.append(PlainTable(title, ("question", "expected", "answer", "rank", "from"), rows))
    return tables


def retrieval_page(report: EvaluationReport, findings: Findings) -> Report:
    """Lay out the page: scores, which half failed, and each failure beside its context."""
    score = next(iter(report.scores.values()))
    value, between = shown(score)
    questions = counted(len(report.examples), report.row)
    recall = report.scores[next(key for key in report.scores if key.startswith("recall_at_"))]
    summary = f"{score.label} {value} ({between}), {recall.label} {shown(recall)[0]}, on {questions}."
    plain = score_table(report)
    drawn = [Bar(one.label, one.value, one.low, one.high) for one in report.scores.values() if one.value is not None]
    told = f"Scores with their {report.level:.0%} intervals"
    alt = "; ".join(f"{one.label} {shown(one)[0]}" for one in report.scores.values())
    notices = [Text(one[:1].upper() + one[1:] + ".") for one in notes(report, findings)]
    sections = [
        Section("Which half failed", _outcomes(findings)),
        Section("Scores", [*notices, Figure(intervals(drawn), told, alt), Table(plain.header, plain.rows)]),
        *(_failures(findings, outcome) for outcome in FAILURES),
        Section("How it was made", [_facts(report, findings)]),
    ]
    return Report(f"Retrieval and answers of {report.model}", summary, sections, datetime.fromisoformat(report.created))


def _outcomes(findings: Findings) -> list[Block]:
    plain, counts = outcome_table(findings), findings.outcomes()
    picture = bars([Bar(name, float(count)) for name, count in counts.items()])
    alt = "; ".join(f"{name} {count}" for name, count in counts.items())
    return [Figure(picture, "Questions by what became of them", alt), Table(plain.header, plain.rows)]


def _failures(findings: Findings, outcome: Outcome) -> Section:
    cases = [case for case in findings.cases if case.outcome == outcome]
    told = Text(f"{counted(len(cases), 'question')}{f', {_SHOWN} of them here' if len(cases) > _SHOWN else ''}.")
    header = ("question", "expected", "answer", "rank", "from", "what the model was shown")
    rows = [(*_row(case), _context(case)) for case in cases[:_SHOWN]]
    title = OUTCOMES[outcome]
    return Section(title[:1].upper() + title[1:], [told, *([Table(header, rows)] if rows else [])])


def _row(case: Case) -> tuple[str, str, str, str, str]:
    rank = "not ranked" if case.rank is None else str(case.rank)
    return case.searched or case.question, case.expected, case.answer or "(empty)", rank, case.document


def _context(case: Case) -> str:
    told = (
        f"[{number}] {one.document}, {one.place}{' (the right one)' if one.relevant else ''}: {one.text}"
        for number, one in enumerate(case.passages, 1)
    )
    return "\n\n".join(told) or "(nothing)"


def _facts(report: EvaluationReport, findings: Findings) -> Facts:
    return Facts(
        {
            "model": report.model,
            "base model": report.base_model,
            "ranked by": findings.method,
            "embedding model": findings.embedding_model,
            "passages shown": findings.passages,
            "passages searched": findings.indexed,
            "documents searched": findings.documents,
            "questions from": report.asked,
            "questions": len(report.examples),
            "documents drawn anew for intervals": next(iter(report.scores.values())).groups,
            "documents asked about that the model was trained on": findings.trained,
            "answers that are right": "those in which the expected words stand in one run",
        }
    )
