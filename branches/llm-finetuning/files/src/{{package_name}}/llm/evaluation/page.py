"""The report of an evaluation as a page, and its tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ...reports import Block, Facts, Figure, Report, Section, Table, Text
from ...reports.charts import Bar, intervals
from ..use_case import Table as PlainTable
from .estimates import LOSS
from .forgetting import BASE_TASK
from .records import EvaluationReport, Example, Score

_WORST = 20
"""Answers that are shown."""


def score_table(report: EvaluationReport) -> PlainTable:
    """Give all scores with their intervals."""
    return PlainTable(
        f"{report.model}, {counted(len(report.examples), report.row)}",
        ("measure", "score", f"{report.level:.0%} interval", "n"),
        tuple((one.label, *shown(one), str(one.rows)) for one in report.scores.values()),
    )


def shown(score: Score) -> tuple[str, str]:
    """Write a score, and its interval.

    Examples
    --------
    >>> shown(Score(value=0.5, low=0.25, high=0.75, label="Exact match", rows=8, groups=8))
    ('0.500', '0.250 to 0.750')
    """
    value = "undefined" if score.value is None else f"{score.value:.3f}"
    return value, "" if score.low is None or score.high is None else f"{score.low:.3f} to {score.high:.3f}"


def remarks(report: EvaluationReport) -> list[str]:
    """Say what a reader of the scores should know: empty answers, and scores that too few questions leave open."""
    found = []
    if report.empty:
        verb = "is" if report.empty == 1 else "are"
        found.append(f"{report.empty} of {counted(len(report.examples), 'answer')} {verb} empty")
    if next(iter(report.scores.values())).groups == 1 and len(report.examples) > 1:
        found.append(
            f"undecided: all is about one {report.group}; more {report.group}s would tell how sure the scores are"
        )
    for name, score in report.scores.items():
        if score.more and score.low is not None and score.high is not None:
            asked, about = ("answer", "row") if name.startswith(BASE_TASK) else (report.row, report.group)
            noun = asked if score.groups == score.rows else about
            found.append(
                f"undecided: {score.label} is known to ±{(score.high - score.low) / 2:.3f} only; "
                f"about {counted(score.more, noun)} more would do"
            )
    return found


def counted(number: int, noun: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> counted(1, "answer"), counted(2, "answer")
    ('1 answer', '2 answers')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def evaluation_page(report: EvaluationReport, tables: Iterable[PlainTable]) -> Report:
    """Lay out the page of one model: scores, the use case's tables, and the answers that are worst."""
    first, score = next(iter(report.scores.items()))
    value, interval = shown(score)
    between = f" ({interval})" if interval else ""
    summary = f"{score.label} {value}{between} on {counted(len(report.examples), report.row)}."
    sections = [
        Section("Scores", [*(Text(one[:1].upper() + one[1:] + ".") for one in remarks(report)), *_scores(report)]),
        *(Section(one.title, [Table(one.header, one.rows)]) for one in tables),
        Section("Weakest answers", _weakest(report, first)),
        Section("How it was made", [_facts(report)]),
    ]
    return Report(f"Evaluation of {report.model}", summary, sections, datetime.fromisoformat(report.created))


def _scores(report: EvaluationReport) -> list[Block]:
    plain = score_table(report)
    bars = [
        Bar(one.label, one.value, one.low, one.high)
        for name, one in report.scores.items()
        if name != LOSS and one.value is not None
    ]
    told = f"Scores with their {report.level:.0%} intervals"
    alt = "; ".join(f"{one.label} {shown(one)[0]}" for one in report.scores.values())
    return [Figure(intervals(bars), told, alt), Table(plain.header, plain.rows)]


def _weakest(report: EvaluationReport, measure: str) -> list[Block]:
    if measure not in report.examples[0].scores:
        return [Text(f"{report.scores[measure].label} is no score of single answers.")]
    sign = 1 if report.scores[measure].greater_is_better else -1
    ranked = sorted(report.examples, key=lambda one: sign * one.scores[measure])[:_WORST]
    return [Table((report.row, "context", "expected", "answer", "score"), [_row(one, measure) for one in ranked])]


def _row(example: Example, measure: str) -> tuple[str, str, str, str, float]:
    return example.question, example.context, example.expected, example.answer or "(empty)", example.scores[measure]


def _facts(report: EvaluationReport) -> Facts:
    return Facts(
        {
            "model": report.model,
            "base model": report.base_model,
            f"{report.row}s from": report.asked,
            f"{report.row}s": len(report.examples),
            "drawn anew for intervals": counted(next(iter(report.scores.values())).groups, "group"),
            "empty answers": report.empty,
        }
    )
