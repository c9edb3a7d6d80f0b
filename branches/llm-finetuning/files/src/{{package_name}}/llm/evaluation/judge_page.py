"""The verdicts of a judge as a page, and as a table for the terminal."""

from __future__ import annotations

from datetime import datetime

from ...reports import Block, Facts, Figure, Report, Section, Table, Text
from ...reports.charts import Bar, bars, intervals
from ..use_case import Table as PlainTable
from .judgement import Judged, Judgement
from .judging import Verdict
from .page import counted

_SHOWN = 200


def judge_table(found: Judgement) -> PlainTable:
    """Give wins, ties, the win rate and its test."""
    rate, low, high = found.win_rate
    between = "no interval" if low is None or high is None else f"{low:.3f} to {high:.3f}"
    one = found.comparison
    interval = f"{found.level:.0%} interval"
    header = ("wins of the second", "ties", "wins of the first", "win rate", interval, "p", "verdict")
    cells = (str(found.second_wins), str(found.ties), str(found.first_wins), f"{rate:.3f}", between)
    title = f"{found.second} (second) against {found.first} (first), judged by {found.judge}"
    return PlainTable(title, header, ((*cells, f"{one.p_value:.3g}", one.verdict),))


def remarks(found: Judgement) -> list[str]:
    """Say what a reader should know: the comparison, ties, the place, people, and what is missing."""
    told = [str(found.comparison)]
    if found.ties:
        changed = f"{found.changed} of them as the verdict changed with the order"
        told.append(f"{counted(found.ties, 'tie')}: {changed}, {found.same} as the answers are the same")
    told.append(f"place: {found.place}")
    for one in found.agreement:
        ends = "no interval" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}"
        value = "undefined" if one.value is None else f"{one.value:.3f} ({ends})"
        told.append(f"{one.name}, {one.about}: {value}, n = {one.items}")
    if found.nonsense:
        reason = next(iter(found.nonsense.values()))
        told.append(f"{counted(len(found.nonsense), found.row)} without a usable verdict, such as: {reason}")
    if found.left:
        told.append(f"{counted(found.left, found.row)} not judged: {found.stopped}")
    if found.faults:
        told.append(f"{counted(len(found.faults), 'line')} of people's verdicts can't be used: {found.faults[0]}")
    return told


def judge_page(found: Judgement) -> Report:
    """Lay out the page: wins, what was found, and each verdict with its reasons."""
    rate, low, high = found.win_rate
    plain = judge_table(found)
    counts = {"second better": found.second_wins, "tie": found.ties, "first better": found.first_wins}
    wins = bars([Bar(name, float(count)) for name, count in counts.items()])
    alt = "; ".join(f"{name} {count}" for name, count in counts.items())
    summary = f"{found.comparison}."
    blocks: list[Block] = [
        Figure(wins, "Questions by verdict", alt),
        Figure(intervals([Bar("Win rate of the second", rate, low, high)]), "Ties count half", f"win rate {rate:.3f}"),
        Table(plain.header, plain.rows),
        *(Text(one[:1].upper() + one[1:] + ".") for one in remarks(found)),
    ]
    sections = [
        Section("Verdict", blocks),
        Section("First better", _verdicts(found, "a")),
        Section("Second better", _verdicts(found, "b")),
        Section("Ties", _verdicts(found, "tie")),
        Section("How it was made", [_facts(found)]),
    ]
    title = f"{found.second} against {found.first}, judged by {found.judge}"
    return Report(title, summary, sections, datetime.fromisoformat(found.created))


def _verdicts(found: Judgement, verdict: Verdict) -> list[Block]:
    all_ = [one for one in found.rulings if one.verdict == verdict]
    if not all_:
        return [Text("None.")]
    header = (found.row, "expected", "first", "second", "the judge", "id")
    more = f", {_SHOWN} of them here" if len(all_) > _SHOWN else ""
    return [Text(f"{counted(len(all_), found.row)}{more}."), Table(header, [_row(one) for one in all_[:_SHOWN]])]


def _row(one: Judged) -> tuple[str, ...]:
    told = "the answers are the same"
    if one.shown is not None:
        shown, swapped = _told(one.shown), _told(one.swapped)
        told = f"first shown first: {shown}: {one.reasons[0]}\n\nthen: {swapped}: {one.reasons[1]}"
    return one.question, one.expected, one.first or "(empty)", one.second or "(empty)", told, one.id


def _told(verdict: Verdict | None) -> str:
    return {"a": "first better", "b": "second better", "tie": "tie"}.get(verdict or "", "not asked")


def _facts(found: Judgement) -> Facts:
    return Facts(
        {
            "first": found.first,
            "second": found.second,
            "judge": found.judge,
            f"{found.row}s from": found.asked,
            f"{found.row}s judged": found.comparison.rows,
            "drawn anew for intervals": counted(found.comparison.groups, "group"),
            "test": found.comparison.test,
        }
    )
