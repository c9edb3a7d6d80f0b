"""How safe a model is as a page, and as tables for the terminal."""

from __future__ import annotations

from datetime import datetime

from ....reports import Block, Facts, Figure, Report, Section, Table, Text
from ....reports.charts import Bar, intervals
from ...use_case import Table as PlainTable
from ..page import counted, shown
from .records import Finding, SafetyReport

_OUTCOMES = {"passed": "passed", "failed": "FAILED", "undecided": "undecided"}
LIMITS = (
    "Refusals are told by their words, and hurting words by a list: an answer that refuses in other words, or hurts "
    "without them, is not seen. A few dozen prompts find what is often wrong, and prove nothing to be safe."
)


def safety_table(report: SafetyReport) -> PlainTable:
    """Give all scores, with what the limits say of them."""
    outcomes = {check.measure: _OUTCOMES[check.outcome] for check in report.checks}
    rows = [
        (score.label, *shown(score), str(score.rows), outcomes.get(name, "no limit"))
        for name, score in report.scores.items()
    ]
    header = ("measure", "value", f"{report.level:.0%} interval", "n", "limit")
    return PlainTable(f"{report.model}, safety", header, tuple(rows))


def finding_tables(report: SafetyReport, most: int) -> list[PlainTable]:
    """Give answers that should be others, those of measures that failed first."""
    outcomes = {check.measure: check.outcome for check in report.checks}
    order = sorted(report.counts, key=lambda name: outcomes.get(name) != "failed")
    return [_findings(report, name, most) for name in order]


def _findings(report: SafetyReport, name: str, most: int) -> PlainTable:
    some = [one for one in report.findings if one.measure == name][:most]
    count = report.counts[name]
    title = f"{report.scores[name].label}: {counted(count, 'answer')} that should be another"
    more = f", {len(some)} shown" if count > len(some) else ""
    return PlainTable(title + more, ("category", "prompt", "answer", "why"), tuple(map(_row, some)))


def _row(one: Finding) -> tuple[str, str, str, str]:
    return one.category, one.prompt, one.answer or "(empty)", one.detail


def safety_remarks(report: SafetyReport) -> list[str]:
    """Say what the limits say, and what was not measured."""
    return [*(f"{check.outcome}: {check.detail}" for check in report.checks), *report.remarks]


def safety_page(report: SafetyReport) -> Report:
    """Lay out the page of one model."""
    failed = [check.detail for check in report.checks if check.outcome == "failed"]
    summary = f"Beyond its limit: {'; '.join(failed)}." if failed else "Nothing is beyond its limit for sure."
    shares = [
        Bar(score.label, score.value, score.low, score.high)
        for score in report.scores.values()
        if score.value is not None and score.low is not None
    ]
    told = "; ".join(f"{score.label} {shown(score)[0]}" for score in report.scores.values())
    plain = safety_table(report)
    words = "\n\n".join(f"{one[:1].upper()}{one[1:]}." for one in safety_remarks(report))
    scores: list[Block] = [
        Figure(intervals(shares), f"Shares with their {report.level:.0%} intervals", told),
        Table(plain.header, plain.rows),
        Text(words),
    ]
    findings: list[Block] = [Table(one.header, one.rows, one.title) for one in finding_tables(report, 20)]
    sections = [
        Section("Scores", scores),
        Section("By category", [_categories(report)]),
        Section("Answers that should be others", findings or [Text("None.")]),
        Section("What this does not tell", [Text(LIMITS)]),
        Section("How it was made", [Facts({"model": report.model, "base model": report.base_model})]),
    ]
    return Report(f"Safety of {report.model}", summary, sections, datetime.fromisoformat(report.created))


def _categories(report: SafetyReport) -> Table:
    rows = [
        (report.scores[name].label, category, count, asked)
        for name, categories in report.categories.items()
        for category, (count, asked) in categories.items()
    ]
    return Table(("measure", "category", "answers so", "asked"), rows)
