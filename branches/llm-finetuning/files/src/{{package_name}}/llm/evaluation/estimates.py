"""Scores of many answers, with intervals by drawing documents anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.bootstrap import Resampling
from .lexical import bleu, bleu_counts
from .records import Example, Score

Floats = NDArray[np.float64]
LOSS = "eval_loss"
BLEU = "bleu"


@dataclass(frozen=True, slots=True)
class Statistic:
    """A score of many answers as a function of sums over them.

    Attributes
    ----------
    parts
        Gives an ndarray of shape (n_examples, n_parts), whose columns are summed.
    value
        Gives an ndarray of shape (n,) for sums of shape (n, n_parts).
    """

    parts: Callable[[Sequence[Example]], Floats]
    value: Callable[[Floats], Floats]


def statistic_of(name: str) -> Statistic:
    """Find out how the score of many answers is made: BLEU of a corpus, nats a token, or else a mean."""
    if name == BLEU:
        return Statistic(lambda all_: bleu_counts([e.answer for e in all_], [e.expected for e in all_]), bleu)
    if name == LOSS:
        return Statistic(lambda all_: np.array([[e.nats, e.tokens] for e in all_], dtype=np.float64), _ratio)
    return Statistic(lambda all_: np.array([[e.scores[name], 1.0] for e in all_]), _ratio)


def _ratio(sums: Floats) -> Floats:
    found: Floats = sums[:, 0] / np.maximum(sums[:, 1], 1e-12)
    return found


def resampling_of(examples: Sequence[Example], *, samples: int, level: float, seed: int) -> Resampling:
    """Say how examples are drawn anew: by their groups, or one by one where each is its own."""
    names = [example.group or f"\0{number}" for number, example in enumerate(examples)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    groups = np.array([numbers[name] for name in names], dtype=np.int64) if len(numbers) < len(names) else None
    return Resampling(samples, level, seed, groups)


def count_groups(examples: int, resampling: Resampling) -> int:
    """Count what is drawn."""
    return examples if resampling.groups is None else int(resampling.groups.max(initial=-1)) + 1


def drawn_sums(parts: Floats, resampling: Resampling) -> Floats:
    """Sum the parts of the examples of each draw.

    Parameters
    ----------
    parts : ndarray of shape (n_examples, n_parts)
        Parts of a statistic.

    Returns
    -------
    ndarray of shape (n_draws, n_parts)
    """
    often = (np.bincount(chosen, minlength=len(parts)) for chosen in resampling.draws(len(parts)))
    return np.array([times.astype(np.float64) @ parts for times in often])


def estimate_scores(
    examples: Sequence[Example], labels: Mapping[str, tuple[str, bool]], resampling: Resampling, precision: float
) -> dict[str, Score]:
    """Score examples by several measures, which share the draws.

    Parameters
    ----------
    examples : sequence of Example
        At least one.
    labels : mapping of str to (str, bool)
        Measures: how each is called, and whether more of it is better.
    resampling : Resampling
        How they are drawn anew.
    precision : float
        Half the width that an interval of a score should have, if the score lies between 0 and 1.

    Returns
    -------
    dict of str to Score
        By the name of the measure.
    """
    statistics = {name: statistic_of(name) for name in labels}
    parts = {name: statistic.parts(examples) for name, statistic in statistics.items()}
    columns = np.column_stack(list(parts.values()))
    sums, drawn = columns.sum(axis=0, keepdims=True), drawn_sums(columns, resampling)
    groups = count_groups(len(examples), resampling)
    found, start = {}, 0
    for name, (label, greater) in labels.items():
        end = start + parts[name].shape[1]
        value = float(statistics[name].value(sums[:, start:end])[0])
        low, high = resampling.interval(statistics[name].value(drawn[:, start:end]))
        if low == high and name != LOSS:
            low, high = _ends(value, groups, resampling.level)
        half = (high - low) / 2
        wide = name != LOSS and half > precision
        found[name] = Score(
            value=value,
            low=low,
            high=high,
            label=label,
            greater_is_better=greater,
            rows=len(examples),
            groups=groups,
            more=math.ceil(len(examples) * ((half / precision) ** 2 - 1)) if wide else 0,
        )
        start = end
    return found


def _ends(value: float, groups: int, level: float) -> tuple[float, float]:
    """Give the exact interval of a share (Clopper and Pearson, 1934) where all draws are alike, all right or all wrong.

    Drawn anew, answers that are all right are so again, however few they are.
    """
    room = 1 - ((1 - level) / 2) ** (1 / groups)
    if value == 1:
        return 1 - room, 1.0
    if value == 0:
        return 0.0, room
    return value, value
