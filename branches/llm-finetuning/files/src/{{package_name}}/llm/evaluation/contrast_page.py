"""Two models beside each other, as a page, and as tables for the terminal."""

from __future__ import annotations

from datetime import datetime

from ...reports import Block, Facts, Figure, Report, Section, Status, Table, Text
from ...reports.blocks import Level
from ...reports.charts import Bar, intervals
from ..use_case import Table as PlainTable
from .estimates import LOSS
from .gating import Contrast, Outcome, Worse
from .page import counted
from .verdicts import Comparison

_URGENCY: tuple[Outcome, ...] = ("failed", "undecided", "passed")
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


def worse_tables(found: Contrast, most: int) -> list[PlainTable]:
    """Give the answers that got worse by the measures that the gate doesn't pass, or by the first that any did."""
    ranked, stopped = _by_outcome(found), {check.measure for check in found.checks if check.outcome != "passed"}
    return [_table(found, name, most) for name in [name for name in ranked if name in stopped] or ranked[:1]]


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
    facts = {"first": found.first, "second": found.second, f"{found.row}s from": found.asked, "groups": first.groups}
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
    if not found.fell:
        return [Text("None.")]
    tables = []
    for name in _by_outcome(found):
        plain = _table(found, name, len(found.worse))
        contexts = [one.context for one in found.worse if one.measure == name]
        rows = [(*cells, context) for cells, context in zip(plain.rows, contexts, strict=True)]
        tables.append(Table((*plain.header, "context"), rows, plain.title))
    return [*tables]


def _by_outcome(found: Contrast) -> list[str]:
    """Name the measures by which answers got worse: those that failed first, then those that are undecided."""
    outcomes = {check.measure: check.outcome for check in found.checks}
    return sorted(found.fell, key=lambda name: _URGENCY.index(outcomes.get(name, "passed")))


def _table(found: Contrast, name: str, most: int) -> PlainTable:
    shown = [_cells(one) for one in found.worse if one.measure == name][:most]
    fell = found.fell[name]
    title = f"{found.comparisons[name].label}: {counted(fell, 'answer')} got worse"
    header = (found.row, "expected", "first", "second")
    return PlainTable(title + (f", {len(shown)} shown" if fell > len(shown) else ""), header, tuple(shown))


def _cells(one: Worse) -> tuple[str, str, str, str]:
    return one.question, one.expected, one.before or "(empty)", one.after or "(empty)"


def _row(one: Comparison) -> tuple[str, ...]:
    between = f"{one.difference:+.3f} ({one.interval})"
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
