"""What ``llm evaluate benchmark`` does, and what a training does that ends with benchmarks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import typer

from ...console import console, print_tables, tell_page, tell_run
from ...options import Settings
from ...tracking import record_scores
from ..assessing import Candidate
from ..config import EvaluationConfig
from ..page import counted
from ..records import FOLDER, HTML
from .asking import Asked
from .finding import Benchmark
from .page import benchmark_page, benchmark_remarks, benchmark_tables
from .running import BenchmarkResult, run_benchmark

BENCHMARKS = FOLDER / "benchmarks"


def put(
    asked: Asked, benchmarks: Sequence[Benchmark], settings: EvaluationConfig, *, limit: int = 0
) -> list[BenchmarkResult]:
    """Put benchmarks to a model, and say which is under way."""
    found = []
    for one in benchmarks:
        console.print(f"asking {counted(one.count(limit), 'question')} of {one.name}")
        found.append(run_benchmark(asked, one, settings, limit=limit))
    return found


def write(results: Sequence[BenchmarkResult], root: Path) -> Path:
    """Write a report of each benchmark and a page of all into a folder, which is given back."""
    first = results[0].report
    folder = root / BENCHMARKS / first.model
    for one in results:
        one.report.write(folder / one.name)
    benchmark_page(results, first.base_model).write(folder / HTML)
    return folder


def benchmark_model(
    settings: Settings, candidate: Candidate, benchmarks: Sequence[Benchmark], *, limit: int, as_json: bool
) -> None:
    """Put benchmarks to a checkpoint; report and record the scores."""
    config, root = settings.config, settings.root
    asked = Asked(candidate.model, candidate.tokenizer, candidate.name, candidate.base_model or config.model.base_model)
    results = put(asked, benchmarks, config.evaluation, limit=limit)
    folder = write(results, root)
    scores = {one.name: one.report.scores for one in results}
    if as_json:
        told = {
            name: {key: score.model_dump(mode="json") for key, score in some.items()} for name, some in scores.items()
        }
        typer.echo(json.dumps({"model": candidate.name, "benchmarks": told}, indent=2, ensure_ascii=False))
    else:
        print_tables(benchmark_tables(results))
        for remark in benchmark_remarks(results):
            typer.echo(remark)
    tell_page(folder / HTML, root)
    tell_run(record_scores(settings.store, root, candidate.name, scores, folder))
