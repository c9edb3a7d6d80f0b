"""How far people agree: their ratings as categories by item and person, and the coefficients of these."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ...models.bootstrap import Resampling
from ..evaluation.agreement import (
    Coefficient,
    Sums,
    codes_of,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    measure,
)
from ..evaluation.judgement import PREFERENCE
from ..evaluation.judging import VERDICTS
from .store import Rating
from .tasks import Item, Task


class Rated(NamedTuple):
    """Items that were rated, with their ratings, and who rated."""

    items: tuple[Item, ...]
    ratings: dict[str, tuple[Rating, ...]]
    people: tuple[str, ...]


def gather(items: Sequence[Item], ratings: Sequence[Rating]) -> Rated:
    """Put ratings to their items; items that nobody rated are left out."""
    by_item: dict[str, list[Rating]] = {}
    for rating in ratings:
        by_item.setdefault(rating.item, []).append(rating)
    people = tuple(sorted({rating.annotator for rating in ratings}))
    return Rated(
        tuple(item for item in items if item.id in by_item), {key: tuple(all_) for key, all_ in by_item.items()}, people
    )


def agreement_of(task: Task, rated: Rated, resampling: Resampling) -> list[Coefficient]:
    """Measure agreement on preference, of all and of each two people, and on the points of each scale."""
    people = {name: number for number, name in enumerate(rated.people)}
    said = [
        (number, people[one.annotator], VERDICTS.index(one.verdict))
        for number, item in enumerate(rated.items)
        for one in rated.ratings[item.id]
    ]
    codes = codes_of(said, len(rated.items), len(people))

    def told(found: Sums, name: str, about: str = PREFERENCE) -> Coefficient:
        return measure(found, name, about, resampling)

    found = [told(krippendorff_alpha(codes, len(VERDICTS), "nominal"), "Krippendorff's alpha, nominal")]
    found.append(told(krippendorff_alpha(codes, len(VERDICTS), "ordinal"), "Krippendorff's alpha, ordinal"))
    found.append(told(fleiss_kappa(codes, len(VERDICTS)), "Fleiss' kappa"))
    for first, second in combinations(rated.people, 2):
        both = codes[:, [people[first], people[second]]]
        found.append(told(cohen_kappa(both, len(VERDICTS)), f"Cohen's kappa, {first} and {second}"))
    for scale in task.scales:
        points = _points(scale, rated, people)
        of_answers = _twice(resampling, len(rated.items))
        for level in ("ordinal", "interval"):
            alpha = krippendorff_alpha(points, task.points, level)
            found.append(measure(alpha, f"Krippendorff's alpha, {level}", scale, of_answers))
    return found


def _points(scale: str, rated: Rated, people: dict[str, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Lay the points of all answers out: first those of the models a, then those of the models b."""
    given = [
        (place * len(rated.items) + number, people[one.annotator], one.scores[scale][place] - 1)
        for place in (0, 1)
        for number, item in enumerate(rated.items)
        for one in rated.ratings[item.id]
    ]
    return codes_of(given, 2 * len(rated.items), len(people))


def _twice(resampling: Resampling, items: int) -> Resampling:
    """Draw both answers to a question together."""
    groups = np.arange(items) if resampling.groups is None else resampling.groups
    return Resampling(resampling.samples, resampling.level, resampling.seed, np.concatenate([groups, groups]))
