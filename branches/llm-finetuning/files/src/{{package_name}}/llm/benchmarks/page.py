"""What a benchmark found, as a page and as tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from ...reports import Block, Facts, Figure, Section, Status, Table, Text
from ...reports import Report as Page
from ...reports.charts import Bar, bars, intervals
from ...reports.course import course
from ..use_case import Table as PlainTable
from .records import LoadPoint, Ratio, Report, Subject, typical

_QUANTILES = (0.5, 0.95, 0.99)


def tables(report: Report) -> list[PlainTable]:
    """Give the figures of each model, of the load, and what differs from the last run."""
    found = [_speeds(report.subjects)]
    if report.loads:
        found.append(_load("Load: requests come when they come", report.loads))
    if report.stress:
        found.append(_load("Stress: up to where it breaks", report.stress))
    if report.slower:
        title = f"Times as long as in the last run, {report.since}"
        found.append(_ratios(title, report.slower))
    return found


def benchmark_page(report: Report) -> Page:
    """Lay out the page of a run."""
    advice = [Text("\n\n".join(f"{one}." for one in report.recommendations))] if report.recommendations else []
    sections = [
        Section("Recommendations", [*_regressions(report), *advice]),
        Section("Speed and size", _speed_blocks(report)),
        Section("Beside the first", _beside(report)),
        Section("Load", _load_blocks(report.loads)),
        Section("Stress", _load_blocks([*report.loads, *report.stress] if report.stress else ())),
        Section("Memory under load", _soak(report)),
        Section("Against the last run", _since(report)),
        Section("How it was made", [_facts(report)]),
    ]
    summary = report.regressions[0] if report.regressions else next(iter(report.recommendations), "Measured")
    shown = [one for one in sections if one.blocks]
    title = f"Benchmark of {report.subjects[0].name}"
    return Page(title, f"{summary}.", shown, datetime.fromisoformat(report.created))


def _speeds(subjects: Sequence[Subject]) -> PlainTable:
    header = ("model", "back end", "MB", "first ms", "token ms", "whole ms, p95, p99", "tokens/s")
    rows = tuple(
        (
            one.name,
            one.backend,
            "" if one.size_mb is None else f"{one.size_mb:.1f}",
            _ms(typical(one.first_ms)),
            _ms(typical(one.token_ms)),
            ", ".join(_ms(value) for value in _quantiles(one.whole_ms)),
            f"{np.median(one.tokens_per_second):.0f}",
        )
        for one in subjects
    )
    return PlainTable("Alone (medians), and the throughput of many clients", header, rows)


def _quantiles(rounds: Sequence[Sequence[float]]) -> list[float]:
    values = [value for one in rounds for value in one]
    return [float(value) for value in np.quantile(values, _QUANTILES, method="higher")] if values else []


def _load(title: str, points: Sequence[LoadPoint]) -> PlainTable:
    header = ("requests/s", "answered/s", "n", "errors", "first token p50", "p50 ms", "p99 ms", "held")
    rows = tuple(
        (
            f"{one.rate:.3g}",
            f"{one.answered:.3g}",
            str(one.requests),
            f"{one.errors:.1%}",
            _ms(one.first_p50_ms),
            _ms(one.p50_ms),
            _ms(one.p99_ms),
            "yes" if one.held else "no",
        )
        for one in points
    )
    return PlainTable(title, header, rows)


def _ratios(title: str, found: dict[str, dict[str, Ratio]]) -> PlainTable:
    rows = tuple((label, name, str(ratio)) for label, ratios in found.items() for name, ratio in ratios.items())
    return PlainTable(title, ("model", "measure", "times as long"), rows)


def _regressions(report: Report) -> list[Block]:
    return [Status("critical", one) for one in report.regressions]


def _speed_blocks(report: Report) -> list[Block]:
    whole = [Bar(_short(one), value) for one in report.subjects if (value := typical(one.whole_ms)) is not None]
    speeds = [Bar(_short(one), float(np.median(one.tokens_per_second))) for one in report.subjects]
    return [
        _laid(_speeds(report.subjects)),
        Figure(bars(whole), "Milliseconds of a whole answer, alone; the median", _alt(whole)),
        Figure(bars(speeds), "Tokens a second of many clients; the median of the rounds", _alt(speeds)),
    ]


def _short(one: Subject) -> str:
    """Put first what tells subjects apart: the end is cut off in a chart."""
    return f"{one.backend}, {one.name}"


def _beside(report: Report) -> list[Block]:
    if not report.beside:
        return []
    first = report.subjects[0]
    names = {one.label: one.backend if one.key == first.key else one.name for one in report.subjects}
    logs = [
        Bar(f"{names[label]}, {name}", *(math.log2(value) for value in (ratio.value, ratio.low, ratio.high)))
        for label, ratios in report.beside.items()
        for name, ratio in ratios.items()
        if name in {"whole answer", "throughput"}
    ]
    told = "How often the time has doubled, beside the first; below 0 it is faster"
    title = f"Times as long as {first.label}, with intervals"
    return [_laid(_ratios(title, report.beside)), Figure(intervals(logs), told, _alt(logs))]


def _load_blocks(points: Sequence[LoadPoint]) -> list[Block]:
    if not points:
        return []
    lines = {
        "p99 ms": [(one.rate, one.p99_ms) for one in points],
        "p50 ms": [(one.rate, one.p50_ms) for one in points],
    }
    alt = "; ".join(f"{one.rate:.3g} a second: p50 {_ms(one.p50_ms)} ms, p99 {_ms(one.p99_ms)} ms" for one in points)
    told = "Milliseconds of whole answers by requests a second, from when each was due"
    return [Figure(course(lines), told, alt), _laid(_load("", points))]


def _soak(report: Report) -> list[Block]:
    soak = report.soak
    if soak is None:
        return []
    level = {"leak": "critical", "no leak": "good", "undecided": "warning"}[soak.verdict]
    told = f"{soak.verdict}: {soak.slope:+.2f} MB a minute [{soak.low:+.2f}, {soak.high:+.2f}] in the second half"
    drawn = course({"MB": list(soak.samples)}, from_zero=False)
    status = Status("critical" if level == "critical" else "good" if level == "good" else "warning", told)
    return [status, Figure(drawn, "Memory of the process by minutes", told)]


def _since(report: Report) -> list[Block]:
    if not report.since:
        return [Text("There was no run before on this machine with these settings; the next one is held to this one.")]
    return [_laid(_ratios(f"Times as long as {report.since}", report.slower))] if report.slower else []


def _facts(report: Report) -> Facts:
    slowest = max(report.pace) / min(report.pace)
    steady = f"the slowest round took {slowest:.2f} times as long as the fastest for the same work"
    return Facts({**report.machine, **report.settings, "how steady the machine was": steady})


def _laid(plain: PlainTable) -> Table:
    return Table(plain.header, plain.rows, plain.title)


def _alt(rows: Sequence[Bar]) -> str:
    return "; ".join(f"{one.name} {one.value:.3g}" for one in rows)


def _ms(value: float | None) -> str:
    if value is None:
        return ""
    return "never" if math.isinf(value) else f"{value:.3g}"
