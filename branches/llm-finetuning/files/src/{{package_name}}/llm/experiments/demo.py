"""An A/B test from start to end: two models under load, users who say what they think, a winner that is promoted.

base model and tuned checkpoint → one service → simulated users → feedback → winner → report
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from ..asked import rows_to_ask
from ..console import console, tell_page
from ..data.examples import Row, conversation
from ..errors import CheckpointError
from ..evaluation.metrics import exact_match
from ..training.checkpointing import CheckpointManager
from ..use_case import open_use_case
from .analysis import summarise
from .config import ExperimentConfig, GuardrailsConfig, MetricConfig, RuleConfig, VariantConfig
from .control import write_report
from .store import ExperimentStore
from .summary import Summary

if TYPE_CHECKING:
    from ..config import LLMConfig
    from ..options import Settings

NAME = "ab-demo"
BASE = "base-model"
_CLIENTS = 16
_USERS = 1500  # most of them
_QUESTIONS = 3  # most of a user
_PLEASED = {True: 0.9, False: 0.15}  # share of thumbs up for right and for wrong answers


def run_demo(settings: Settings, overrides: Sequence[str]) -> Summary:
    """Compare the base model with the checkpoint of the project, and write `reports/ab-demo`.

    Raises
    ------
    CheckpointError
        If nothing is trained yet.
    """
    from ..serving.server import ModelServer

    config, root = settings.config, settings.root
    manager = CheckpointManager.of_project(root)
    tuned = manager.path(config.served)
    facts = manager.metadata(tuned)
    rows = rows_to_ask(open_use_case(config), facts, settings, None, None)
    _save_base(manager, config.model.base_model)
    store = ExperimentStore(root / config.experiments.database)
    if any(one.name == NAME and one.state == "running" for one in store.experiments()):
        store.end(NAME, "stopped", reason="begun anew")
    store.start(NAME, _experiment(f"{facts['name']}@v{facts['version']}"))
    given = [*overrides, f"llm.models.served=[{BASE}]", "llm.experiments.decide_seconds=1", "api.limits.requests="]
    given += ["api.access_log=false", "logging.level=WARNING"]
    telling = console.status("users ask, and say what they think")
    with ModelServer(tuned, port=0, overrides=given, root=root) as server, telling:
        asyncio.run(_Users(server.url, rows, config).ask())
    found = summarise(store, store.get(NAME))
    tell_page(write_report(store, NAME, root / "reports" / NAME), root)
    return found


def _save_base(manager: CheckpointManager, reference: str) -> None:
    """Have the base model as a checkpoint, to be served beside others."""
    from ..base_model import load_base_model

    try:
        manager.path(BASE)
    except CheckpointError:
        model, tokenizer = load_base_model(reference)
        manager.save(BASE, model=model, tokenizer=tokenizer, metadata={})


def _experiment(tuned: str) -> ExperimentConfig:
    return ExperimentConfig(
        variants=(VariantConfig(name="base", model=BASE), VariantConfig(name="tuned", model=tuned)),
        metric=MetricConfig(name="thumb", smallest_effect=0.1),
        guardrails=GuardrailsConfig(error_rate=0.05, p95_latency_ratio=5.0),
        rule=RuleConfig(min_users=100, promote=True),
    )


class _Users:
    """People who ask one to three questions, and are more often pleased with a right answer than with a wrong one."""

    def __init__(self, url: str, rows: Sequence[Row], config: LLMConfig) -> None:
        self._url, self._rows, self._most = url, rows, config.evaluation.max_new_tokens
        self._draw = np.random.default_rng(config.training.seed)
        self._left = iter(range(_USERS))
        self._over = False

    async def ask(self) -> None:
        """Ask until there is a winner, or all have asked."""
        headers = {"Authorization": "Bearer any"}
        address = self._url.removesuffix("/v1")
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
            watching = asyncio.create_task(self._watch(client))
            await asyncio.gather(*(self._client(client) for _ in range(_CLIENTS)))
            watching.cancel()

    async def _watch(self, client: httpx.AsyncClient) -> None:
        while not self._over:
            await asyncio.sleep(0.5)
            found = (await client.get("/llm/experiments")).raise_for_status().json()
            self._over = next(one["state"] for one in found if one["name"] == NAME) != "running"

    async def _client(self, client: httpx.AsyncClient) -> None:
        for number in self._left:
            if self._over:
                return
            for _ in range(self._draw.integers(1, _QUESTIONS + 1)):
                await self._question(client, f"user {number}", self._rows[int(self._draw.integers(len(self._rows)))])

    async def _question(self, client: httpx.AsyncClient, user: str, row: Row) -> None:
        messages = conversation(row)[:-1]
        asked = {"model": NAME, "messages": messages, "temperature": 0, "max_tokens": self._most, "user": user}
        answer = await client.post("/v1/chat/completions", json=asked)
        found: dict[str, Any] = answer.raise_for_status().json()
        right = exact_match(found["choices"][0]["message"]["content"], row.answer) == 1
        thumb = "up" if self._draw.random() < _PLEASED[right] else "down"
        said = {"id": found["id"], "thumb": thumb, "expected": row.answer}
        told = await client.post("/llm/feedback", json=said)
        if told.status_code != HTTPStatus.NOT_FOUND:  # it is so once there is a winner: nothing is recorded any more
            told.raise_for_status()
