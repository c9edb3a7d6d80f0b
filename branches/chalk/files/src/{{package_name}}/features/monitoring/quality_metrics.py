"""What the values of each feature of a table are like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from ..definitions.entities import Kind


@dataclass(frozen=True, slots=True)
class FeatureQuality:
    """What the values of one feature are like.

    Attributes
    ----------
    completeness
        Share of values that are there; None in a table without rows.
    distinct
        About how many values differ.
    infinite
        How many numbers are not finite.
    minimum, mean, maximum, std
        Of finite numbers; true is 1. None for other kinds, and where there are none.
    """

    feature: str
    rows: int
    completeness: float | None
    distinct: int
    infinite: int = 0
    minimum: float | None = None
    mean: float | None = None
    maximum: float | None = None
    std: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON has it."""
        return asdict(self)


def measure_quality(frame: pl.DataFrame, features: Mapping[str, Kind]) -> list[FeatureQuality]:
    """Look at all rows of a table, in one pass.

    Parameters
    ----------
    frame
        Of shape (n_rows, …).
    features
        Kind by reference; those that the table lacks are left out.
    """
    names = [name for name in features if name in frame.columns]
    if not names:
        return []
    asked = [expression for name in names for expression in _expressions(name, features[name])]
    row = frame.lazy().select(asked).collect().row(0, named=True)
    found = []
    for name in names:
        facts = {key: row[f"{name} {key}"] for key in _NUMBERS} if _is_measured(features[name]) else {}
        missing = row[f"{name} missing"]
        share = 1 - missing / frame.height if frame.height else None
        found.append(FeatureQuality(name, frame.height, share, row[f"{name} distinct"], **facts))
    return found


_NUMBERS = ("infinite", "minimum", "mean", "maximum", "std")


def _is_measured(kind: Kind) -> bool:
    return kind.is_number or kind is Kind.BOOLEAN


def _expressions(name: str, kind: Kind) -> list[pl.Expr]:
    column = pl.col(name)
    distinct = column.drop_nulls().approx_n_unique()
    found = [column.null_count().alias(f"{name} missing"), distinct.alias(f"{name} distinct")]
    if not _is_measured(kind):
        return found
    numbers = column.cast(pl.Float64)
    finite = numbers.filter(numbers.is_finite())
    return [
        *found,
        (~numbers.is_finite()).sum().alias(f"{name} infinite"),
        finite.min().alias(f"{name} minimum"),
        finite.mean().alias(f"{name} mean"),
        finite.max().alias(f"{name} maximum"),
        finite.std().alias(f"{name} std"),
    ]
