"""Rows like those that a model was trained on, made of what its data card and its parts tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ..data.card import ColumnProfile
from ..models.registry import Loaded

_MISSING = 0.1  # of the values
_DAYS = 400


def sample_rows(loaded: Loaded, count: int) -> list[dict[str, Any]]:
    """Make rows that have every kind of value: usual, extreme, missing, and categories that are new.

    The same model gets the same rows.
    """
    random = np.random.default_rng(0)
    card, known = loaded.description.card, _known(loaded.pipeline)
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    for column in loaded.description.signature.inputs:
        profile = card.columns[column.name]
        for row in rows:
            missing = random.random() < _MISSING
            row[column.name] = None if missing else _value(profile, known.get(column.name, ()), random)
    return rows


def _value(profile: ColumnProfile, known: tuple[str, ...], random: np.random.Generator) -> Any:
    if profile.dtype in {"float", "integer"}:
        low, high = _limits(profile)
        value = random.uniform(low - (high - low) / 10, high + (high - low) / 10)
        return round(value) if profile.dtype == "integer" else value
    if profile.dtype == "boolean":
        return bool(random.integers(2))
    if profile.dtype == "category":
        return str(random.choice([*known, "a category that is new"]))
    if profile.dtype == "text":
        return " ".join(random.choice([*known, "unheard"], size=6).tolist())
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=float(random.uniform(0, _DAYS)))
    return moment.isoformat()


def _limits(profile: ColumnProfile) -> tuple[float, float]:
    if isinstance(profile.min, (int, float)) and isinstance(profile.max, (int, float)):
        return float(profile.min), float(profile.max)
    return -1.0, 1.0


def _known(pipeline: Any) -> dict[str, tuple[str, ...]]:
    """Find the categories and the words that each column had in training."""
    found: dict[str, tuple[str, ...]] = {}
    for _, transformer, names in pipeline.steps[0][1].transformers_:
        last = transformer.steps[-1][1] if hasattr(transformer, "steps") else transformer
        if hasattr(last, "categories_"):
            found |= {name: tuple(map(str, some)) for name, some in zip(names, last.categories_, strict=True)}
        elif hasattr(last, "vocabulary_"):
            found[names] = tuple(last.vocabulary_)
    return found
