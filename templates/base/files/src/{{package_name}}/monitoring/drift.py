"""Which columns have drifted: what chance does not explain, and what is great enough to matter.

for each column: distribution and missing values → one correction of all p-values → decision
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from . import statistics
from .config import DriftConfig
from .histogram import Histogram, histogram_of_categories, histogram_of_numbers
from .reference import Categories, Numbers, Reference, as_numbers
from .values import Column, read_logged

if TYPE_CHECKING:
    import pandas as pd

Cause = Literal["distribution", "missing values"]


class Shift(BaseModel):
    """A test of one property of a column.

    Attributes
    ----------
    test
        Such as `Kolmogorov-Smirnov`.
    p_value
        Of this test alone.
    adjusted
        With all tests of the report taken into account.
    effect, limit
        How great the difference is, and how great it must be to matter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cause: Cause
    test: str
    statistic: float
    p_value: float
    adjusted: float
    effect: float
    limit: float
    drifted: bool

    def __str__(self) -> str:
        effect = "PSI" if self.cause == "distribution" else "change of share"
        return f"{self.cause} ({effect} {self.effect:.3g}, p = {self.adjusted:.2g})"


class ColumnDrift(BaseModel):
    """How one column differs from training.

    Attributes
    ----------
    kind
        `input` or `prediction`.
    rows
        Values that could be compared.
    psi, psi_by_chance
        Population stability index, and what it stays below in 95 of 100 samples of this size without drift. Both are
        None where there are too few values.
    shifts
        The tests; empty where there are too few values.
    note
        Why a test was left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    kind: Literal["input", "prediction"]
    rows: int
    psi: float | None
    psi_by_chance: float | None
    shifts: list[Shift]
    note: str
    histogram: Histogram | None

    @property
    def drifted(self) -> bool:
        """Whether any of its properties has."""
        return any(shift.drifted for shift in self.shifts)

    def __str__(self) -> str:
        return f"{self.column}: {', '.join(str(shift) for shift in self.shifts if shift.drifted) or 'no drift'}"


@dataclass(frozen=True, slots=True)
class _Measured:
    """A column before the p-values are corrected."""

    name: str
    kind: Literal["input", "prediction"]
    column: Column
    psi: float | None
    chance: float | None
    tests: list[tuple[Cause, str, statistics.Test, float]]
    note: str
    histogram: Histogram | None


def measure_drift(reference: Reference, frame: pd.DataFrame, rules: DriftConfig) -> list[ColumnDrift]:
    """Compare logged rows with those of training, column by column.

    Parameters
    ----------
    frame
        Of the prediction log: `input_<column>`, `prediction` and `probability_<class>`.
    """
    measured = list(_measure_all(reference, frame, rules))
    p_values = [test.p_value for one in measured for _, _, test, _ in one.tests]
    adjusted = iter(statistics.adjust(p_values))
    return [_decide(one, adjusted, rules) for one in measured]


def _measure_all(reference: Reference, frame: pd.DataFrame, rules: DriftConfig) -> Iterator[_Measured]:
    for name, profile in reference.inputs.items():
        yield _measure(name, "input", profile, read_logged(frame, f"input_{name}", profile.dtype), rules)
    for name, profile in reference.predictions.items():
        yield _measure(name, "prediction", profile, read_logged(frame, name, profile.dtype), rules)


def _measure(
    name: str,
    kind: Literal["input", "prediction"],
    profile: Numbers | Categories,
    column: Column,
    rules: DriftConfig,
) -> _Measured:
    tests: list[tuple[Cause, str, statistics.Test, float]] = []
    present = profile.rows - profile.missing
    if column.rows >= rules.least_rows and profile.rows:
        gaps = statistics.missing_test((profile.missing, profile.rows), (column.missing, column.rows))
        tests.append(("missing values", "Fisher's exact", gaps, abs(gaps.statistic)))
    if len(column.values) < rules.least_rows or not present:
        short = f"{len(column.values)} values, fewer than {rules.least_rows}" if present else "no values at training"
        return _Measured(name, kind, column, None, None, tests, short, None)
    if isinstance(profile, Numbers):
        values = as_numbers(column, profile.dtype)
        then, now = np.asarray(profile.counts), profile.count(values)
        found = statistics.kolmogorov_smirnov(np.asarray(profile.values), present, values)
        test, histogram = "Kolmogorov-Smirnov", histogram_of_numbers(profile, values)
    else:
        then, now, histogram = _count(profile, column.values)
        test, found = "chi-square", statistics.chi_square(then, now)
    psi = statistics.psi(then, now)
    chance = statistics.psi_by_chance(int(np.sum(then + now > 0)), present, len(column.values))
    tests.append(("distribution", test, found, psi))
    return _Measured(name, kind, column, psi, chance, tests, "", histogram)


def _count(profile: Categories, values: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.int64], Histogram]:
    """Count categories. Those that training did not have, or had too seldom to be kept, are counted as one."""
    names, counts = np.unique(values.astype(str), return_counts=True)
    current = dict(zip(names.tolist(), counts.tolist(), strict=True))
    now = [current.get(name, 0) for name in profile.counts]
    then = [*profile.counts.values(), profile.others]
    now.append(len(values) - sum(now))
    histogram = histogram_of_categories([*profile.counts, "others"], then, now)
    return np.asarray(then), np.asarray(now), histogram


def _decide(one: _Measured, adjusted: Iterator[float], rules: DriftConfig) -> ColumnDrift:
    shifts = []
    for cause, name, test, effect in one.tests:
        p_value, limit = next(adjusted), rules.psi if cause == "distribution" else rules.missing
        shift = Shift(
            cause=cause,
            test=name,
            statistic=test.statistic,
            p_value=test.p_value,
            adjusted=p_value,
            effect=effect,
            limit=limit,
            drifted=p_value <= rules.level and effect >= limit,
        )
        shifts.append(shift)
    return ColumnDrift(
        column=one.name,
        kind=one.kind,
        rows=len(one.column.values),
        psi=one.psi,
        psi_by_chance=one.chance,
        shifts=shifts,
        note=one.note,
        histogram=one.histogram,
    )
