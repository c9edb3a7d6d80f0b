"""Benchmarks of a model as a page, and as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ....reports import Block, Facts, Figure, Report, Section, Table, Text
from ....reports.charts import Bar, intervals
from ...use_case import Table as PlainTable
from ..page import counted, remarks, shown
from .running import BenchmarkResult

_WORST = 5
"""Questions of a benchmark that are shown, of those that were answered wrongly."""


def benchmark_tables(results: Sequence[BenchmarkResult]) -> list[PlainTable]:
    """Give the scores of all benchmarks, and then those of the tasks of each that has several."""
    first = results[0].report
    rows = [
        (one.name, score.label, *shown(score), str(score.rows))
        for one in results
        for score in one.report.scores.values()
    ]
    header = ("benchmark", "measure", "score", f"{first.level:.0%} interval", "n")
    return [PlainTable(f"{first.model}, benchmarks", header, tuple(rows)), *map(_parts, filter(_has_parts, results))]


def _has_parts(result: BenchmarkResult) -> bool:
    return bool(result.parts)


def _parts(result: BenchmarkResult) -> PlainTable:
    rows = [
        (name, score.label, *shown(score), str(score.rows))
        for name, scores in result.parts.items()
        for score in scores.values()
    ]
    header = ("task", "measure", "score", f"{result.report.level:.0%} interval", "n")
    return PlainTable(f"{result.name} by task", header, tuple(rows))


def benchmark_remarks(results: Sequence[BenchmarkResult]) -> list[str]:
    """Say what a reader of the scores should know."""
    found = [f"{one.name}: {told}" for one in results for told in remarks(one.report)]
    return found + [
        f"{one.name}: the beginning of {counted(one.cut, 'question')} was left out, to fit into the model's context"
        for one in results
        if one.cut
    ]


def benchmark_page(results: Sequence[BenchmarkResult], base_model: str) -> Report:
    """Lay out the page of all benchmarks that were put to a model."""
    from datetime import datetime

    first = results[0].report
    told = "; ".join(f"{one.name} {shown(next(iter(one.report.scores.values())))[0]}" for one in results)
    bars = [
        Bar(f"{one.name}: {score.label}", score.value, score.low, score.high)
        for one in results
        for score in one.report.scores.values()
        if score.value is not None and score.low is not None
    ]
    scores: list[Block] = [Text(f"{remark[:1].upper()}{remark[1:]}.") for remark in benchmark_remarks(results)]
    if bars:
        scores.append(Figure(intervals(bars), f"Scores with their {first.level:.0%} intervals", told))
    sections = [
        Section("Scores", scores),
        *(Section(one.title, [Table(one.header, one.rows)]) for one in benchmark_tables(results)),
        *(Section(f"Questions of {one.name}", [_wrong(one)]) for one in results),
        Section("How it was made", [_facts(results, base_model)]),
    ]
    return Report(f"Benchmarks of {first.model}", f"{told}.", sections, datetime.fromisoformat(first.created))


def _wrong(result: BenchmarkResult) -> Block:
    measure = next(iter(result.report.examples[0].scores), "")
    sign = 1 if measure in result.report.scores and result.report.scores[measure].greater_is_better else -1
    if not measure:
        return Text("Its score is none of single answers.")
    worst = sorted(result.report.examples, key=lambda one: sign * one.scores[measure])[:_WORST]
    rows = [(one.question, one.expected, one.answer or "(empty)", one.scores[measure]) for one in worst]
    return Table(("question", "expected", "answer", "score"), rows)


def _facts(results: Sequence[BenchmarkResult], base_model: str) -> Facts:
    asked = {one.name: f"{counted(len(one.report.examples), 'question')} from {one.report.asked}" for one in results}
    return Facts({"model": results[0].report.model, "base model": base_model, **asked})
