"""Means of variants and their differences, where a user may ask more than once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEWEST = 2
"""Units from which a variance can be told."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The mean of one variant's users, each of whom counts once however often they ask.

    Attributes
    ----------
    mean : float
        Of the means of units.
    variance : float
        Of the means of units: over `units` it is the squared standard error.
    units : int
        Users, or whatever is assigned to variants.
    answers : int
        How many there are of all units together.
    """

    mean: float
    variance: float
    units: int
    answers: int

    @classmethod
    def of(cls, means: Floats, *, answers: int | None = None, floor: float = 0.0) -> Self:
        """Take the mean and the variance of the means of units.

        Variants are assigned to users, so users are what is independent. A mean of answers would be that of the few who
        ask most, whose number does not grow with that of the answers.

        Parameters
        ----------
        means : ndarray of shape (n_units,)
            Mean of each unit's values.
        answers : int, optional
            By default one of each unit.
        floor : float
            Added to the sum of squares, so that units which are all alike so far are not taken for ones that can't
            differ.
        """
        units = len(means)
        counted = units if answers is None else answers
        if units < FEWEST:
            return cls(float(means.mean()) if units else math.nan, math.nan, units, counted)
        mean = float(means.mean())
        return cls(mean, (float(((means - mean) ** 2).sum()) + floor) / (units - 1), units, counted)

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return math.sqrt(self.variance / self.units)


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the mean of a second variant is greater, with its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, first: Sample, second: Sample) -> Self:
        """Compare two variants, which have users of their own."""
        return cls(second.mean - first.mean, math.hypot(first.error, second.error))


@dataclass(frozen=True, slots=True)
class Observed:
    """The values of one variant, in the order in which they came.

    Attributes
    ----------
    values : ndarray of shape (n_answers,)
    units : ndarray of shape (n_answers,)
        Numbers of users, from zero.
    times : ndarray of shape (n_answers,)
        Seconds since 1970.
    floor : float
        As for `Sample.of`.
    """

    values: Floats
    units: NDArray[np.int64]
    times: Floats
    floor: float = 0.0

    @classmethod
    def of(cls, rows: Sequence[tuple[str, float, float]], *, floor: float = 0.0) -> Self:
        """Take rows of a user's name, a time and a value."""
        numbers = {unit: number for number, unit in enumerate(dict.fromkeys(unit for unit, _, _ in rows))}
        units = np.array([numbers[unit] for unit, _, _ in rows], dtype=np.int64)
        times, values = (np.array([row[place] for row in rows], dtype=np.float64) for place in (1, 2))
        return cls(values, units, times, floor)

    def sample(self, until: float = math.inf) -> Sample:
        """Take the mean of what came until some time."""
        taken = self.times <= until
        counts = np.bincount(self.units[taken])
        sums = np.bincount(self.units[taken], weights=self.values[taken])
        asked = counts > 0
        return Sample.of(sums[asked] / counts[asked], answers=int(counts.sum()), floor=self.floor)
