"""How far people agree beyond chance, with intervals by drawing questions anew.

All coefficients are functions of sums over items, so that a draw is a product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...models.bootstrap import Estimate, Resampling
from .estimates import Floats, count_groups, drawn_sums, group_sums, interval_of

Codes = NDArray[np.int64]
"""Categories from 0 on by item and annotator; -1 where somebody rated nothing."""
Level = Literal["nominal", "ordinal", "interval"]
_PAIR = 2  # ratings of an item that can agree
_LEAST = 1e-12  # what arithmetic may be off by
_FEWEST_DRAWS = 0.5  # share of the draws in which a coefficient must be defined


class Coefficient(Estimate):
    """How far people agree; 1 is always, 0 as by chance, None where it can't be told.

    Attributes
    ----------
    name, about
        Which coefficient, and what of.
    items
        Items that at least two of those people rated.
    """

    name: str
    about: str
    items: int


@dataclass(frozen=True, slots=True)
class Sums:
    """A coefficient: sums of shape (n_items, n_parts), and its values for sums of shape (n, n_parts)."""

    parts: Floats
    value: Callable[[Floats], Floats]
    used: NDArray[np.bool_]


def cohen_kappa(codes: Codes, categories: int) -> Sums:
    """Agreement of two people (Cohen, 1960, doi:10.1177/001316446002000104).

    Parameters
    ----------
    codes : ndarray of shape (n_items, 2)
        What each chose.
    categories : int
        How many there are.
    """
    used = np.asarray((codes >= 0).all(axis=1))
    parts = np.zeros((len(codes), categories * categories))
    parts[used, codes[used, 0] * categories + codes[used, 1]] = 1

    def value(sums: Floats) -> Floats:
        table = sums.reshape(-1, categories, categories)
        total = np.maximum(table.sum(axis=(1, 2)), 1)
        observed = np.trace(table, axis1=1, axis2=2) / total
        expected = (table.sum(axis=1) * table.sum(axis=2)).sum(axis=1) / total**2
        return _beyond(observed, expected)

    return Sums(parts, value, used)


def fleiss_kappa(codes: Codes, categories: int) -> Sums:
    """Agreement of several people (Fleiss, 1971, doi:10.1037/h0031619), on items with equally many ratings.

    Of items with other numbers of ratings, the larger share is taken: those with the number that is most frequent.
    """
    counts = _counts(codes, categories)
    rated = counts.sum(axis=1).astype(np.int64)
    several = rated[rated >= _PAIR]
    people = int(np.bincount(several).argmax()) if len(several) else _PAIR
    used: NDArray[np.bool_] = rated == people
    agreed = (counts * (counts - 1)).sum(axis=1) / (people * (people - 1))
    parts = np.column_stack([agreed, counts, np.ones(len(counts))]) * used[:, None]

    def value(sums: Floats) -> Floats:
        total = np.maximum(sums[:, -1], 1)
        shares = sums[:, 1:-1] / (total * people)[:, None]
        return _beyond(sums[:, 0] / total, (shares**2).sum(axis=1))

    return Sums(parts, value, used)


def krippendorff_alpha(codes: Codes, categories: int, level: Level) -> Sums:
    """Agreement of any number of people, with gaps (Krippendorff, 2011, "Computing Krippendorff's alpha-reliability").

    Parameters
    ----------
    codes : ndarray of shape (n_items, n_annotators)
        What each chose; of an interval scale, categories are equally far from each other.
    categories : int
        How many there are.
    level : Level
        What the categories are.
    """
    counts = _counts(codes, categories)
    rated = counts.sum(axis=1)
    used: NDArray[np.bool_] = rated >= _PAIR
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs[:, range(categories), range(categories)] -= counts
    parts = (pairs / np.maximum(rated - 1, 1)[:, None, None] * used[:, None, None]).reshape(len(codes), -1)

    def value(sums: Floats) -> Floats:
        table = sums.reshape(-1, categories, categories)
        chosen = table.sum(axis=1)
        total = np.maximum(chosen.sum(axis=1), 2)
        distance = _distances(chosen, level)
        observed = (table * distance).sum(axis=(1, 2)) / total
        both = chosen[:, :, None] * chosen[:, None, :]
        return _beyond(1 - observed, 1 - (both * distance).sum(axis=(1, 2)) / (total * (total - 1)))

    return Sums(parts, value, used)


def measure(found: Sums, name: str, about: str, resampling: Resampling) -> Coefficient:
    """Give a coefficient with its interval.

    There is none where nobody rated what another did, or all chose the same: then chance explains it as well. There is
    no interval where drawing anew gives one value only, or none too often.
    """
    items = int(found.used.sum())
    value = float(found.value(found.parts.sum(axis=0, keepdims=True))[0]) if items else np.nan
    if not np.isfinite(value):
        return Coefficient(value=None, low=None, high=None, name=name, about=about, items=items)
    drawn = found.value(drawn_sums(group_sums(found.parts, resampling), resampling))
    known = drawn[np.isfinite(drawn)]
    ends = None
    if len(known) >= _FEWEST_DRAWS * len(drawn) and np.ptp(known) > 0:
        ends = interval_of(value, known, count_groups(len(found.parts), resampling), resampling)
    low, high = (max(ends[0], -1.0), min(ends[1], 1.0)) if ends else (None, None)
    return Coefficient(value=value, low=low, high=high, name=name, about=about, items=items)


def codes_of(rated: Sequence[tuple[int, int, int]], items: int, people: int) -> Codes:
    """Lay ratings out by item and annotator.

    Parameters
    ----------
    rated : sequence of (item, annotator, category)
        All from 0 on.
    """
    codes = np.full((items, people), -1, dtype=np.int64)
    for item, annotator, category in rated:
        codes[item, annotator] = category
    return codes


def _counts(codes: Codes, categories: int) -> Floats:
    """Count by item how many chose each category."""
    found: Floats = (codes[:, :, None] == np.arange(categories)).sum(axis=1).astype(np.float64)
    return found


def _distances(chosen: Floats, level: Level) -> Floats:
    """Give squared distances of categories, of shape (n, categories, categories), from how often each was chosen."""
    categories = chosen.shape[1]
    if level == "ordinal":
        middle = np.cumsum(chosen, axis=1) - chosen / 2  # ranks, as far as differences of them go
        found: Floats = (middle[:, :, None] - middle[:, None, :]) ** 2
        return found
    place = np.arange(categories)
    apart = (place[:, None] - place) ** 2 if level == "interval" else place[:, None] != place
    return np.broadcast_to(apart.astype(np.float64), (len(chosen), categories, categories))


def _beyond(observed: Floats, expected: Floats) -> Floats:
    """Give what is reached of what chance leaves to be reached; no number where it leaves nothing."""
    room = 1 - expected
    known = np.abs(room) > _LEAST
    found: Floats = np.where(known, (observed - expected) / np.where(known, room, 1), np.nan)
    return found
