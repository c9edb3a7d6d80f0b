"""An experiment as a page: the verdict, figures with intervals, what guardrails did, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ...reports import Block, Facts, Figure, Report, Section, Status, Table, Text
from ...reports.blocks import Level
from ...reports.charts import Bar, bars
from .chart import course_svg
from .summary import Arm, Comparison, Outcome, Summary

_LEVELS: dict[Outcome, Level] = {
    "winner": "good",
    "undecided": "info",
    "no-difference": "warning",
    "inconclusive": "warning",
    "no-variant-left": "critical",
}


def experiment_sections(found: Summary) -> list[Section]:
    """Lay an experiment out."""
    return [
        Section(f"{found.name}, {found.mode}", _verdict(found)),
        Section("Variants", _variants(found)),
        Section(f"Differences in {found.metric}", list(_differences(found))),
        Section("Cost against quality", _costs(found)),
        Section("What to do", [Text("\n\n".join(recommendations(found)))]),
        Section("What happened", [Table(("time", "event"), [(_time(when), told) for when, told in found.events])]),
    ]


def experiment_report(found: Summary) -> Report:
    """Make the page that stands for itself."""
    created = datetime.fromtimestamp(found.ended or found.started, UTC)
    return Report(f"Experiment {found.name}", f"{found.reason}.", experiment_sections(found), created)


def recommendations(found: Summary) -> list[str]:
    """Say what to do, each time with the figures that it rests on."""
    first, *others = found.arms
    told = [_main_advice(found)]
    told += [f"Mend {one.name} before it is tried again: {one.stopped}." for one in others if one.stopped]
    told += [_price(first, one) for one in others if one.answers and not one.stopped]
    if found.dropped:
        told.append(
            f"{found.dropped} requests to shadows were dropped, as too many were being asked: raise shadows_at_once, "
            "or lower the shares."
        )
    return [one for one in told if one]


def _main_advice(found: Summary) -> str:
    control = found.arms[0].name
    if found.state == "promoted":
        return f"{found.winner} answers all requests: {found.reason}."
    if found.outcome == "undecided":
        return f"Go on: {found.reason.removeprefix('undecided: ')}."
    if found.outcome == "winner" and found.winner != control:
        return f"Promote {found.winner}: {found.reason}."
    return f"Stay with {control}: {found.reason}."


def _price(first: Arm, other: Arm) -> str:
    """Compare what two variants cost: in money where prices are set, else in time."""
    if first.cost and other.cost is not None:
        return f"A thousand answers of {other.name} cost {other.cost:.4g}, those of {first.name} {first.cost:.4g}."
    if first.p50_seconds and other.p50_seconds:
        times = other.p50_seconds / first.p50_seconds
        return (
            f"{other.name} takes {times:.2f} times as long as {first.name}: half of its answers came within "
            f"{other.p50_seconds:.3f} s, of {first.name} within {first.p50_seconds:.3f} s."
        )
    return ""


def _verdict(found: Summary) -> list[Block]:
    facts = {
        "state": found.state,
        "begun": datetime.fromtimestamp(found.started, UTC),
        "ended": datetime.fromtimestamp(found.ended, UTC) if found.ended else None,
        "decided by": f"{found.metric}, at a level of {found.level:g} over all looks",
    }
    return [Status(_LEVELS[found.outcome], found.reason), Facts(facts)]


def _variants(found: Summary) -> list[Block]:
    columns = ("variant", "model", "share", "users", "answers", "failed", found.metric, "interval", "p50 s", "p95 s")
    total = sum(one.share for one in found.arms)
    rows = []
    for one in found.arms:
        share = f"{one.share:.0%}" if found.mode == "shadow" else f"{one.share / total:.0%}"
        mean = None if one.mean is None else round(one.mean, 4)
        times = [None if value is None else round(value, 4) for value in (one.p50_seconds, one.p95_seconds)]
        rows.append((one.name, one.model, share, one.users, one.answers, one.failed, mean, _interval(one), *times))
    marks = [
        (one.name, Status("critical", one.stopped) if one.stopped else Status("good", "kept")) for one in found.arms
    ]
    traffic = bars([Bar(one.name, one.answers) for one in found.arms])
    return [
        Table(columns, rows, f"Always-valid intervals of {1 - found.level:.0%}, over users"),
        Figure(traffic, "Answers of each variant", ", ".join(f"{one.name} {one.answers}" for one in found.arms)),
        Table(("variant", "guardrails"), marks),
    ]


def _differences(found: Summary) -> Iterator[Block]:
    columns = ("variant", "verdict", "difference", "interval", "p", "users", "planned", "still needed")
    yield Table(columns, [_row(one) for one in found.comparisons], f"Against {found.arms[0].name}")
    for one in found.comparisons:
        if one.wins or one.losses or one.ties:
            yield Text(
                f"{one.variant} was preferred {one.wins} times, {one.losses} times not, and tied {one.ties} times."
            )
        if one.course:
            told = f"{one.variant} against {found.arms[0].name}, with the interval that held at every look"
            yield Figure(course_svg(one.course), told, f"difference {one.difference:+.3f}, {_interval(one)}")


def _row(one: Comparison) -> tuple[object, ...]:
    gain = None if one.difference is None else f"{one.difference:+.4f}"
    p_value = f"{one.p_value:.2g}"
    more = one.more if one.verdict == "undecided" else None
    return one.variant, one.verdict, gain, _interval(one), p_value, one.users, one.needed, more


def _interval(one: Arm | Comparison) -> str | None:
    return None if one.low is None or one.high is None else f"{one.low:.4f} to {one.high:.4f}"


def _costs(found: Summary) -> list[Block]:
    rows = [
        (
            one.name,
            None if one.mean is None else round(one.mean, 4),
            None if one.cost is None else round(one.cost, 6),
            None if one.p50_seconds is None else round(one.p50_seconds, 4),
            None if one.tokens is None else round(one.tokens, 1),
        )
        for one in found.arms
    ]
    columns = ("variant", found.metric, "cost of 1,000 answers", "seconds of an answer", "tokens written")
    return [Table(columns, rows, "Cost is told where variants have prices of tokens")]


def _time(when: float) -> str:
    return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M:%S}"


def overview(found: Sequence[Summary]) -> list[tuple[object, ...]]:
    """Give a row for each experiment: name, state, mode, answers, and how it stands."""
    return [
        (
            one.name,
            one.state,
            one.mode,
            sum(arm.answers for arm in one.arms),
            Status(_LEVELS[one.outcome], one.reason),
        )
        for one in found
    ]
