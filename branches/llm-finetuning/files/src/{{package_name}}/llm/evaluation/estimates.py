"""Scores of many answers, with intervals by drawing documents anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import NamedTuple

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
    is_mean
        Whether it is the mean of the scores of single answers.
    """

    parts: Callable[[Sequence[Example]], Floats]
    value: Callable[[Floats], Floats]
    is_mean: bool = False


class Label(NamedTuple):
    """How a measure is told.

    Attributes
    ----------
    is_share
        Whether it lies between 0 and 1, as a share does.
    """

    label: str
    greater_is_better: bool = True
    is_share: bool = True


def statistic_of(name: str) -> Statistic:
    """Find out how the score of many answers is made: BLEU of a corpus, nats a token, or else a mean."""
    if name == BLEU:
        return Statistic(lambda all_: bleu_counts([e.answer for e in all_], [e.expected for e in all_]), bleu)
    if name == LOSS:
        return Statistic(lambda all_: np.array([[e.nats, e.tokens] for e in all_], dtype=np.float64), _ratio)
    return Statistic(lambda all_: np.array([[e.scores[name], 1.0] for e in all_]), _ratio, is_mean=True)


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


def group_sums(parts: Floats, resampling: Resampling) -> Floats:
    """Sum the parts of the examples of each group.

    Parameters
    ----------
    parts : ndarray of shape (n_examples, n_parts)
        Parts of a statistic.

    Returns
    -------
    ndarray of shape (n_groups, n_parts)
    """
    if resampling.groups is None:
        return parts
    columns = [np.bincount(resampling.groups, weights=column) for column in parts.T]
    return np.column_stack(columns)


def drawn_sums(sums: Floats, resampling: Resampling) -> Floats:
    """Sum what `group_sums` gives over the groups of each draw.

    Returns
    -------
    ndarray of shape (n_draws, n_parts)
    """
    draws = replace(resampling, groups=None).draws(len(sums))
    return np.array([np.bincount(chosen, minlength=len(sums)).astype(np.float64) @ sums for chosen in draws])


def interval_of(value: float, drawn: Floats, groups: int, resampling: Resampling) -> tuple[float, float] | None:
    """Give the interval of a value: quantiles of the draws, made wider where groups are few.

    Drawn values of few groups lie too close together: they are moved away from the value as Student's t is wider than
    the normal distribution, and as the variance of a sample is smaller than that of what it is from (Hesterberg, 2015,
    doi:10.1080/00031305.2015.1089789).

    Returns
    -------
    tuple of float or None
        None for one group, of which nothing is known but itself.
    """
    from scipy import stats

    if groups <= 1:
        return None
    tail = (1 - resampling.level) / 2
    wider = float(stats.t.isf(tail, groups - 1)) / NormalDist().inv_cdf(1 - tail) * math.sqrt(groups / (groups - 1))
    low, high = resampling.interval(drawn)
    return value - wider * (value - low), value + wider * (high - value)


def estimate_scores(
    examples: Sequence[Example], labels: Mapping[str, Label], resampling: Resampling, precision: float
) -> dict[str, Score]:
    """Score examples by several measures, which share the draws.

    Parameters
    ----------
    examples : sequence of Example
        At least one.
    labels : mapping of str to Label
        Measures, and how each is called.
    resampling : Resampling
        How they are drawn anew.
    precision : float
        Half the width that an interval of a score should have, if the score is a share.

    Returns
    -------
    dict of str to Score
        By the name of the measure.
    """
    statistics = {name: statistic_of(name) for name in labels}
    parts = {name: statistic.parts(examples) for name, statistic in statistics.items()}
    columns = np.column_stack(list(parts.values()))
    sums = columns.sum(axis=0, keepdims=True)
    drawn = drawn_sums(group_sums(columns, resampling), resampling)
    groups = count_groups(len(examples), resampling)
    found, start = {}, 0
    for name, label in labels.items():
        end = start + parts[name].shape[1]
        value = float(statistics[name].value(sums[:, start:end])[0])
        ends = interval_of(value, statistics[name].value(drawn[:, start:end]), groups, resampling)
        found[name] = _score(value, ends, label, (len(examples), groups), (resampling.level, precision))
        start = end
    return found


def _score(
    value: float, ends: tuple[float, float] | None, label: Label, counts: tuple[int, int], wanted: tuple[float, float]
) -> Score:
    (rows, groups), (level, precision) = counts, wanted
    if ends is not None and label.is_share:
        least, most = _ends(value, groups, level) if ends[0] == ends[1] else ends
        ends = max(least, 0.0), min(most, 1.0)
    low, high = ends or (None, None)
    half = 0.0 if ends is None else (ends[1] - ends[0]) / 2
    return Score(
        value=value,
        low=low,
        high=high,
        label=label.label,
        greater_is_better=label.greater_is_better,
        rows=rows,
        groups=groups,
        more=math.ceil(groups * ((half / precision) ** 2 - 1)) if label.is_share and half > precision else 0,
    )


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
