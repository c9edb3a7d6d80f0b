"""What people do to experiments: change shares, end one, and put the winner to use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from .analysis import summarise
from .config import ExperimentConfig, VariantConfig
from .page import experiment_report, recommendations
from .records import Experiment
from .store import ExperimentError, ExperimentStore


def reshare(store: ExperimentStore, name: str, shares: Mapping[str, float]) -> str:
    """Change the shares of variants that are named; users whose variant keeps its place stay with it.

    Raises
    ------
    ExperimentError
        If it has ended, or there is no such variant or share.
    """
    found = _running(store, name)
    for variant in shares:
        _check_variant(found, variant)
    variants = [
        one.model_dump() | ({"share": shares[one.name]} if one.name in shares else {}) for one in found.config.variants
    ]
    try:
        config = ExperimentConfig.model_validate(found.config.model_dump() | {"variants": variants})
    except ValidationError as error:
        raise ExperimentError(f"these shares can't be had: {error.errors()[0]['msg']}", hint="see the guide") from error
    told = ", ".join(f"{variant} {share:g}" for variant, share in shares.items())
    store.reshare(name, config, f"shares changed: {told}; what is asked from now on is compared")
    return ""


def stop(store: ExperimentStore, name: str) -> str:
    """End an experiment: the first variant answers all requests to it.

    Raises
    ------
    ExperimentError
        If there is none, or it has ended.
    """
    _running(store, name)
    store.end(name, "stopped", reason="ended by hand")
    return ""


def promote(store: ExperimentStore, name: str, variant: str | None = None) -> str:
    """Give all requests to a variant, by default the winner, and say how to make it the model of the service.

    Raises
    ------
    ExperimentError
        If there is no winner, or no such variant.
    """
    found = store.get(name)
    summary = summarise(store, found)
    chosen = variant or summary.winner
    if not chosen:
        raise ExperimentError(f"{name} has no winner yet: {summary.reason}", hint="name a variant to choose it anyway")
    winner = _check_variant(found, chosen)
    by_hand = variant is not None and variant != summary.winner
    reason = "chosen by hand" if by_hand else summary.reason
    store.end(name, "promoted", winner=chosen, reason=reason)
    return f"{chosen} answers all requests to {' and '.join(_names(found))}{_setting(winner)}"


def write_report(store: ExperimentStore, name: str, folder: Path) -> Path:
    """Write an experiment as a page and as JSON, and give the page.

    Raises
    ------
    ExperimentError
        If there is none.
    """
    summary = summarise(store, store.get(name))
    folder.mkdir(parents=True, exist_ok=True)
    told = {**summary.model_dump(mode="json"), "recommendations": recommendations(summary)}
    (folder / "report.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return experiment_report(summary).write(folder / "index.html")


def _names(found: Experiment) -> list[str]:
    return [found.name, *([found.config.takes] if found.config.takes else [])]


def _setting(winner: VariantConfig) -> str:
    return "" if winner.url else f"; to serve it without the experiment, set llm.serving.checkpoint={winner.model}"


def _running(store: ExperimentStore, name: str) -> Experiment:
    found = store.get(name)
    if found.state != "running":
        raise ExperimentError(f"{name} has ended: {found.reason or found.state}", hint="start it anew")
    return found


def _check_variant(found: Experiment, variant: str) -> VariantConfig:
    names = [one.name for one in found.config.variants]
    if variant not in names:
        raise ExperimentError(f"{found.name} has no variant {variant!r}", hint=f"there are: {', '.join(names)}")
    return found.config.variant(variant)
