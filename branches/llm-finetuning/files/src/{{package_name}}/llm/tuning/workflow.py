"""Tuning as the command line does it: a checkpoint → served with other settings each time → the best → a report."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from ..base_model import pick_device, place
from ..benchmarks.load import closed_loop
from ..benchmarks.targets import EngineTarget, Messages, Target
from ..benchmarks.url_target import UrlTarget
from ..benchmarks.workflow import take_prompts
from ..config import LLMConfig
from ..console import console, print_tables
from ..options import load_model
from ..process import quiet_transformers
from ..training.checkpoint_names import label_of
from ..training.checkpointing import CheckpointManager
from ..use_case import Table
from .search import Chosen, Found, Open, Round, Search, Trial, Value, say

if TYPE_CHECKING:
    from ..options import Settings

REPORT = Path("reports") / "llm-tuning" / "report.json"


def tune(settings: Settings, reference: str | None, *, as_json: bool) -> Found:
    """Search for the settings that serve a checkpoint fastest, and tell them."""
    quiet_transformers()
    config = settings.config
    name = reference or config.served
    vllm = config.serving.backend == "vllm"
    search = Search(
        open=_vllm(settings, name) if vllm else _engine(settings, name),
        ask=_Asking(config, take_prompts(settings, config.tuning.prompts)),
        limit_ms=config.tuning.p95_ms,
        rounds=config.tuning.rounds,
        least_gain=config.tuning.least_gain,
        together=not vllm,  # it takes all of a GPU
        tell=console.log,
    )
    knobs = vllm_knobs(config) if vllm else _engine_knobs(config)
    default = {key: _value(config, key) or _in_place_of_nothing(key) for key in knobs}
    found = asyncio.run(search.run(default, knobs))
    path = settings.root / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        print_tables([_table(found)])
        for line in advise(found):
            typer.echo(line)
    return found


def advise(found: Found) -> list[str]:
    """Say what to do."""
    if not found.worth:
        if found.limit_ms and not found.best.holds(found.limit_ms):
            nearest = f"{found.best.latency:.0f} ms with {say(found.best.chosen, found.default.chosen)}"
            return [f"nothing that was tried answers 95 % within {found.limit_ms:.0f} ms: the nearest is {nearest}"]
        return ["the settings that there are can't be told from better ones: keep them"]
    changed = {name: value for name, value in found.best.chosen.items() if value != found.default.chosen[name]}
    gain = f"{found.gain} the tokens a second" if found.gain else "what the limit asks"
    words = " ".join(f"--set {name}={str(value).lower()}" for name, value in changed.items())
    named = say(found.best.chosen, found.default.chosen)
    files = " and ".join(sorted({f"conf/llm/{name.split('.')[1]}.yaml" for name in changed}))
    return [f"{gain} of the settings that there are, with {named}", f"put them into {files}, or give {words}"]


def _table(found: Found) -> Table:
    def row(trial: Trial) -> tuple[str, ...]:
        said = say(trial.chosen, found.default.chosen)
        if trial.fault:
            return said, "", "", trial.fault
        note = f"{trial.failed} failed" if trial.failed else "" if trial.holds(found.limit_ms) else "too slow"
        return said, f"{trial.speed:.0f}", f"{trial.latency:.0f}", note

    rows = tuple(row(trial) for trial in found.trials)
    return Table("Settings of serving", ("settings", "tokens/s", "95 % within, ms", ""), rows)


class _Asking:
    """Sends a round of requests."""

    def __init__(self, config: LLMConfig, prompts: Sequence[Messages]) -> None:
        self._config, self._prompts = config.benchmarks, prompts

    async def __call__(self, target: Target) -> Round:
        settings = self._config
        seconds, timed = await closed_loop(
            target, self._prompts, settings.max_tokens, settings.clients, settings.timeout_seconds
        )
        whole = [1000 * one.whole for one in timed if one.whole is not None]
        p95 = float(np.quantile(whole, 0.95)) if whole else np.inf
        return Round(sum(one.tokens for one in timed) / seconds, p95, len(timed) - len(whole))


def _engine(settings: Settings, reference: str) -> Open:
    """Serve with transformers, in this process; the model is loaded once."""
    from ..serving.models import start_engine

    model, tokenizer, facts = load_model(reference, settings.config, settings.root)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    place(model, pick_device(settings.config.model.device))

    @asynccontextmanager
    async def serve(chosen: Chosen) -> AsyncIterator[Target]:
        target = EngineTarget(start_engine(label_of(facts), model, tokenizer, _with(settings.config, chosen)))
        try:
            yield target
        finally:
            await target.close()

    return serve


def _vllm(settings: Settings, reference: str) -> Open:
    """Serve with vLLM, a process for each choice."""
    from ..vllm.command import serve_command
    from ..vllm.process import VllmProcess

    manager = CheckpointManager.of_project(settings.root)
    name = label_of(manager.metadata(manager.path(reference)))

    @asynccontextmanager
    async def serve(chosen: Chosen) -> AsyncIterator[Target]:
        config = _with(settings.config, chosen)
        command = serve_command(config, manager, reference, settings.root)
        log = (settings.root / REPORT).with_name("vllm.log")
        process = VllmProcess(command, log, start_seconds=config.vllm.start_seconds, restarts=0)
        process.start()
        try:
            await process.wait()
            target = UrlTarget(process.url, name, config.benchmarks.timeout_seconds, key=process.key)
            try:
                yield target
            finally:
                await target.close()
        finally:
            await process.stop()

    return serve


def _engine_knobs(config: LLMConfig) -> dict[str, tuple[Value, ...]]:
    tried = config.tuning
    found: dict[str, tuple[Value, ...]] = {}
    if pick_device(config.model.device).type == "cpu":
        found["llm.serving.threads"] = tried.threads or _powers(os.cpu_count() or 1)
    found["llm.serving.rows"] = tried.rows
    found["llm.serving.prefill_tokens"] = tried.prefill_tokens
    found["llm.serving.lookup_tokens"] = tried.lookup_tokens
    return found


def vllm_knobs(config: LLMConfig) -> dict[str, tuple[Value, ...]]:
    """Give the settings of vLLM, and what is tried of each; those that nothing is said of are left as they are."""
    tried = config.tuning
    return {
        "llm.serving.rows": tried.rows,
        "llm.vllm.batched_tokens": tried.batched_tokens,
        "llm.vllm.prefix_cache": (True, False),
        "llm.serving.lookup_tokens": tried.lookup_tokens,
        **({"llm.serving.context": (config.serving.context, *tried.contexts)} if tried.contexts else {}),
        **({"llm.vllm.draft": (config.vllm.draft, *tried.drafts)} if tried.drafts else {}),
    }


def _powers(cores: int) -> tuple[int, ...]:
    """Give the powers of two below the number of cores, and that number.

    Examples
    --------
    >>> _powers(6)
    (1, 2, 4, 6)
    """
    return tuple(sorted({cores, *(1 << power for power in range(cores.bit_length()) if 1 << power < cores)}))


def _value(config: LLMConfig, name: str) -> Value:
    _, section, key = name.split(".")
    value: Value = getattr(getattr(config, section), key)
    return value


def _in_place_of_nothing(name: str) -> int:
    """Give what a setting of 0 stands for: another engine in this process may ask for other threads meanwhile."""
    import torch

    return torch.get_num_threads() if name == "llm.serving.threads" else 0


def _with(config: LLMConfig, chosen: Mapping[str, Value]) -> LLMConfig:
    for name, value in chosen.items():
        _, section, key = name.split(".")
        changed = getattr(config, section).model_copy(update={key: value})
        config = config.model_copy(update={section: changed})
    return config
