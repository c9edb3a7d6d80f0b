"""The benchmark as the command line does it.

checkpoints, addresses → candidates → figures → against the last run → recommendations → page, JSON, run
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

import typer

from ...config.settings import one_of
from ...tracking.reproduction import KIND
from ..base_model import load_base_model, pick_device, place
from ..console import console, print_tables, tell_page, tell_run
from ..data.examples import conversation
from ..errors import DataError, ModelError
from ..load import MIB
from ..options import load_model
from ..process import quiet_transformers
from ..tracking import record_run
from ..training.checkpoint_names import label_of
from ..use_case import open_use_case
from .advice import recommend
from .config import Backend
from .history import against_last, keep, read_last
from .machine import describe_machine
from .page import benchmark_page, tables
from .records import Report, typical
from .suite import Candidate, Suite, beside_first, bounds
from .targets import BatchTarget, EngineTarget, Messages
from .url_target import UrlTarget

if TYPE_CHECKING:
    from ..config import LLMConfig
    from ..options import Settings

FOLDER = Path("reports") / "llm-benchmark"
EXPERIMENT = "llm-benchmark"
_BATCH = 16  # rows of a static batch where the engine chooses its own
BASE = "base"
"""Stands for the base model, in place of a checkpoint."""


@dataclass(frozen=True)
class Request:
    """What is to be measured.

    Attributes
    ----------
    models
        References of checkpoints, or `base`.
    urls
        Addresses of services.
    served
        What the model behind the addresses is called.
    full
        Whether more is asked than the quick suite does.
    """

    models: tuple[str, ...]
    urls: tuple[str, ...]
    served: str
    backends: tuple[Backend, ...]
    full: bool


def find_backend(name: str) -> Backend:
    """Give a back end by its name.

    Raises
    ------
    ModelError
        If there is none of that name.
    """
    known: dict[str, Backend] = {one: one for one in get_args(Backend)}
    if name not in known:
        raise ModelError(f"there is no back end {name!r}", hint=one_of(name, list(known)))
    return known[name]


def run_benchmark(settings: Settings, request: Request, *, accept: bool, as_json: bool) -> Report:
    """Measure, compare with the last run, and write all of it down.

    A run with a regression is not what the next one is held to, unless it is accepted.
    """
    quiet_transformers()
    folder = settings.root / FOLDER
    report = asyncio.run(_measure(settings, request))
    benchmarks = settings.config.benchmarks
    last = read_last(report, folder)
    if last is not None:
        report = against_last(report, last, benchmarks.level, benchmarks.noise)
    report = report.model_copy(update={"recommendations": tuple(recommend(report))})
    if accept or not report.regressions:
        keep(report, folder)
    (folder / "report.json").write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    page = benchmark_page(report).write(folder / "index.html")
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        print_tables(tables(report))
        for told in (*report.recommendations, *(f"regression: {one}" for one in report.regressions)):
            typer.echo(told)
    tell_page(page, settings.root)
    tell_run(_record(settings, report, page))
    return report


async def _measure(settings: Settings, request: Request) -> Report:
    config = settings.config.benchmarks
    size = config.full if request.full else config.quick
    async with AsyncExitStack() as stack:
        candidates = await _candidates(settings, request, stack)
        prompts = take_prompts(settings, size.prompts)
        device = pick_device(settings.config.model.device).type
        suite = Suite(config, size, prompts, console.log, device if request.models else "")
        paces = await suite.speeds(candidates)
        first = candidates[0]
        limit = suite.limit(first)
        loads = await suite.loads(first, limit)
        stress = await suite.stress(first, limit, loads)
        soak = await suite.soak(first)
        subjects = tuple(one.subject() for one in candidates)
        if all(typical(one.whole_ms) is None for one in subjects):
            raise ModelError(f"{first.label} answered nothing", hint="the log says why")
        held, breaking = bounds((*loads, *stress))
        return Report(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=describe_machine(device),
            settings=comparable(settings.config, request, candidates, prompts),
            pace=tuple(paces),
            subjects=subjects,
            beside=beside_first(candidates, config.level),
            loads=tuple(loads),
            stress=tuple(stress),
            limit_ms=limit,
            breaking=breaking,
            held=held,
            soak=soak,
        )


async def _candidates(settings: Settings, request: Request, stack: AsyncExitStack) -> list[Candidate]:
    """Load what is to be measured: the first model by all back ends, others by the first of them."""
    found = []
    for url in request.urls:
        target = UrlTarget(url, request.served, settings.config.benchmarks.timeout_seconds)
        stack.push_async_callback(target.close)
        name = await target.find_model()
        where = urlsplit(url).netloc.rpartition("@")[2]
        found.append(Candidate(f"{request.served}@{where}", name, where, target))
    for number, reference in enumerate(request.models):
        backends = request.backends if number == 0 and not found else request.backends[:1]
        for one in _serve(settings, reference, backends):
            stack.push_async_callback(one.target.close)
            found.append(one)
    return found


def _serve(settings: Settings, reference: str, backends: Sequence[Backend]) -> list[Candidate]:
    from ..models.memory import loaded_size
    from ..serving.models import start_engine

    name, model, tokenizer = _load(settings, reference)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    place(model, pick_device(settings.config.model.device))
    model.eval()
    size, serving = loaded_size(model) / MIB, settings.config.serving
    found = []
    for backend in backends:
        if backend == "engine":
            served = start_engine(name, model, tokenizer, settings.config)
            target: EngineTarget | BatchTarget = EngineTarget(served)
        else:
            rows = _BATCH if serving.rows == "auto" else serving.rows
            target = BatchTarget(model, tokenizer, rows if backend == "static" else 1)
        found.append(Candidate(reference, name, backend, target, size))
    return found


def _load(settings: Settings, reference: str) -> tuple[str, Any, Any]:
    if reference == BASE:
        model, tokenizer = load_base_model(settings.config.model.base_model)
        return BASE, model, tokenizer
    model, tokenizer, facts = load_model(reference, settings.config, settings.root)
    return label_of(facts), model, tokenizer


def take_prompts(settings: Settings, most: int) -> list[Messages]:
    """Take prompts from the project's source, evenly over it: the same ones for each run.

    Raises
    ------
    DataError
        If it gives none.
    """
    use_case = open_use_case(settings.config)
    rows = use_case.prepare(settings.source).rows(seed=settings.config.benchmarks.seed)
    if not rows:
        raise DataError(f"{settings.source} gives no prompts", hint="name another --source")
    count = min(most, len(rows))
    return [conversation(rows[number * len(rows) // count])[:-1] for number in range(count)]


def comparable(
    settings: LLMConfig, request: Request, candidates: Sequence[Candidate], prompts: Sequence[Messages]
) -> dict[str, str | int | float]:
    """Say what must be alike for two runs to be compared."""
    config, serving = settings.benchmarks, settings.serving
    size = config.full if request.full else config.quick
    return {
        "measured": "; ".join(f"{one.key} by {one.backend}" for one in candidates),
        "suite": "full" if request.full else "quick",
        "prompts": size.prompts,
        "asked": hashlib.sha256(json.dumps(list(prompts)).encode()).hexdigest()[:16],
        "base_model": settings.model.base_model,
        "rounds": size.rounds,
        "clients": config.clients,
        "rows": serving.rows,
        "context": serving.context,
        "lookup_tokens": serving.lookup_tokens,
        "prefill_tokens": serving.prefill_tokens,
        "max_tokens": config.max_tokens,
        "timeout_seconds": config.timeout_seconds,
        "seed": config.seed,
    }


def _record(settings: Settings, report: Report, page: Path) -> str:
    first = report.subjects[0]
    facts = {KIND: EXPERIMENT, "checkpoint": first.name, "metric": "token_ms"}
    facts["regression"] = "yes" if report.regressions else "no"
    with record_run(settings.store, settings.root, EXPERIMENT, first.name, facts) as run:
        run.log_params(report.settings)
        values = {
            "first_ms": typical(first.first_ms),
            "token_ms": typical(first.token_ms),
            "whole_ms": typical(first.whole_ms),
            "tokens_per_second": sorted(first.tokens_per_second)[len(first.tokens_per_second) // 2],
            "size_mb": first.size_mb,
            "held_per_second": report.held,
            "breaking_per_second": report.breaking,
        }
        run.log_metrics({name: value for name, value in values.items() if value is not None})
        for name in (page, page.with_name("report.json")):
            run.log_text(name.read_text(encoding="utf-8"), f"report/{name.name}")
    return run.id
