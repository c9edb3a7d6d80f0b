"""Two models beside each other, as a page, and as tables for the terminal."""

from __future__ import annotations

from datetime import datetime

from ...reports import Block, Facts, Figure, Report, Section, Status, Table, Text
from ...reports.blocks import Level
from ...reports.charts import Bar, intervals
from ..use_case import Table as PlainTable
from .comparing import Comparison
from .estimates import LOSS
from .gating import Contrast, Outcome, Worse
from .page import counted

_SHOWN = 50
"""Answers that got worse on the page."""
_LEVELS: dict[Outcome, Level] = {"passed": "good", "undecided": "warning", "failed": "critical"}


def comparison_table(found: Contrast) -> PlainTable:
    """Give all measures of both models, and what is to be made of them."""
    header = ("measure", "verdict", "first", "second", f"better by, {found.level:.0%} interval", "p", "effect", "n")
    title = f"{found.second} (second) against {found.first} (first)"
    return PlainTable(title, header, tuple(_row(one) for one in found.comparisons.values()))


def remarks(found: Contrast) -> list[str]:
    """Say of each measure in words what was found, and of the gate what it holds."""
    gate = [f"{check.outcome}: {check.detail}" for check in found.checks]
    return [*(str(one) for one in found.comparisons.values()), *gate]


def worse_table(found: Contrast, most: int) -> PlainTable:
    """Give the answers that got worse."""
    shown = found.worse[:most]
    title = f"{counted(len(found.worse), 'answer')} got worse" + (f", {most} shown" if len(found.worse) > most else "")
    header = ("measure", "question", "expected", "first", "second")
    return PlainTable(title, header, tuple(_cells(one) for one in shown))


def contrast_page(found: Contrast) -> Report:
    """Lay out the page of two models: verdicts, differences, and each answer that got worse."""
    first = next(iter(found.comparisons.values()))
    title = "Regression gate" if found.checks else "Comparison"
    sections = [Section("Differences", _differences(found)), Section("Answers that got worse", _worse(found))]
    if found.checks:
        gate = Table(
            ("measure", "gate"), [(one.measure, Status(_LEVELS[one.outcome], one.detail)) for one in found.checks]
        )
        sections.insert(0, Section("Gate", [gate]))
    facts = {"first": found.first, "second": found.second, "questions from": found.asked, "groups": first.groups}
    tests = {one.label: one.test for one in found.comparisons.values()}
    sections.append(Section("How it was made", [Facts({**facts, **{f"test of {k}": v for k, v in tests.items()}})]))
    created = datetime.fromisoformat(found.created)
    return Report(f"{title}: {found.second} against {found.first}", f"{first}.", sections, created)


def _differences(found: Contrast) -> list[Block]:
    bars = [
        Bar(one.label, one.difference, one.low, one.high) for name, one in found.comparisons.items() if name != LOSS
    ]
    told = f"By how much the second is better, with {found.level:.0%} intervals"
    plain = comparison_table(found)
    alt = "; ".join(f"{one.label} {one.difference:+.3f}" for one in found.comparisons.values())
    words = "\n\n".join(f"{one}." for one in found.comparisons.values())
    return [Figure(intervals(bars), told, alt), Table(plain.header, plain.rows), Text(words)]


def _worse(found: Contrast) -> list[Block]:
    if not found.worse:
        return [Text("None.")]
    plain = worse_table(found, _SHOWN)
    rows = [(*_cells(one), one.context) for one in found.worse[:_SHOWN]]
    return [Table((*plain.header, "context"), rows, plain.title)]


def _cells(one: Worse) -> tuple[str, str, str, str, str]:
    return one.measure, one.question, one.expected, one.before or "(empty)", one.after or "(empty)"


def _row(one: Comparison) -> tuple[str, ...]:
    between = f"{one.difference:+.3f} ({one.low:+.3f} to {one.high:+.3f})"
    effect = "" if one.effect is None else f"{one.effect_name[-1]} = {one.effect:+.2f}"
    return (
        one.label,
        one.verdict,
        f"{one.first:.3f}",
        f"{one.second:.3f}",
        between,
        f"{one.p_value:.3g}",
        effect,
        str(one.rows),
    )
