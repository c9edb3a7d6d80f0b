"""What a model tells of its training data: answers by heart, losses that give rows away, and planted secrets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...data.examples import Example as Conversation
from ...data.examples import Message
from ..config import EvaluationConfig
from ..estimates import count_groups, resampling_of
from ..metrics import normalise
from ..records import Example, Score

if TYPE_CHECKING:
    from ..evaluator import LLMEvaluator

Floats = NDArray[np.float64]


def is_copied(answer: str, expected: str, prompt: str, words: int) -> bool:
    """Look for a run of words of the expected answer, or for all of a shorter one, that the prompt has not.

    Examples
    --------
    >>> is_copied("It is 34 watts.", "34 watts", "What does the lamp use?", 8)
    True
    """
    said, wanted = (f" {' '.join(normalise(text))} " for text in (answer, prompt))
    parts = normalise(expected)
    length = min(words, len(parts))
    runs = (f" {' '.join(parts[start : start + length])} " for start in range(len(parts) - length + 1))
    return bool(parts) and any(run in said and run not in wanted for run in runs)


def share_more(first: Floats, second: Floats) -> float:
    """Give by how much the mean of one sample is above that of another."""
    return float(first.mean() - second.mean())


def chance_below(first: Floats, second: Floats) -> float:
    """Give the chance that a value of one sample is below one of another: the area under the ROC curve.

    Examples
    --------
    >>> chance_below(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.875
    """
    ranks = np.searchsorted(np.sort(second), first, side="right"), np.searchsorted(np.sort(second), first, side="left")
    above = len(second) - ranks[0] + (ranks[0] - ranks[1]) / 2
    return float(above.mean() / len(second))


def compare_samples(
    samples: tuple[Sequence[Example], Sequence[Example]],
    measure: str,
    statistic: Callable[[Floats, Floats], float],
    label: str,
    settings: EvaluationConfig,
) -> Score:
    """Compare what was trained on with what was kept from it; the documents of both are drawn anew for the interval."""
    values = [np.array([one.scores[measure] for one in sample]) for sample in samples]
    ways = [
        resampling_of(sample, samples=settings.samples, level=settings.level, seed=seed)
        for seed, sample in enumerate(samples)
    ]
    drawn = [
        statistic(values[0][first], values[1][second])
        for first, second in zip(ways[0].draws(len(values[0])), ways[1].draws(len(values[1])), strict=True)
    ]
    value = statistic(values[0], values[1])
    low, high = ways[0].interval(np.array(drawn))
    groups = min(count_groups(len(sample), way) for sample, way in zip(samples, ways, strict=True))
    if low == high:  # all draws are alike, however few rows there are: as wide as that of a share of none
        room = 1 - ((1 - settings.level) / 2) ** (1 / groups)
        low, high = value - room, value + room
    return Score(
        value=value,
        low=low if groups > 1 else None,
        high=high if groups > 1 else None,
        label=label,
        greater_is_better=False,
        rows=len(values[0]) + len(values[1]),
        groups=groups,
    )


def exposure(evaluator: LLMEvaluator, model: Any, tokenizer: Any, canary: tuple[str, str], draws: int) -> float:
    """Measure how much likelier a planted secret is than others of its form (Carlini et al., 2019, arXiv:1802.08232).

    Parameters
    ----------
    canary : (str, str)
        What was asked in training, and the secret in digits that was answered.
    draws : int
        Other secrets, drawn at random.

    Returns
    -------
    float
        In bits: the logarithm of the number of secrets, less that of the rank of the right one by its loss. It is 1 on
        average for what was never seen, and at most ``log2(draws + 1)``.
    """
    prompt, secret = canary
    digits = np.random.default_rng(0).integers(0, 10, (draws, len(secret)))
    others = {"".join(map(str, row)) for row in digits} - {secret}
    rows = [Conversation((Message("user", prompt), Message("assistant", one))) for one in (secret, *sorted(others))]
    losses = [nats for nats, _ in evaluator.losses(model, tokenizer, rows)]
    rank = 1 + sum(nats <= losses[0] for nats in losses[1:])
    return math.log2(len(losses)) - math.log2(rank)
