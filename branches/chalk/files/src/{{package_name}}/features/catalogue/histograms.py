"""The shape of the values of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from ..definitions.entities import Kind

_BINS = 24
_TAIL = 0.005
_MOST = 8


@dataclass(frozen=True, slots=True)
class Histogram:
    """Shares of the values that are there.

    Attributes
    ----------
    shares
        By category, the most frequent first; or of bins of equal width from `low` to `high`, beyond which 1 of 200
        values lies on either side at most.
    categories
        Empty for numbers.
    """

    shares: tuple[float, ...]
    categories: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0


def histograms(frame: pl.DataFrame, features: Mapping[str, Kind]) -> dict[str, Histogram]:
    """Divide the values of each feature; times, and features without a value, have none.

    Parameters
    ----------
    frame
        Of shape (n_rows, …).
    features
        Kind by reference.
    """
    found = {}
    for name, kind in features.items():
        if name not in frame.columns or kind is Kind.TIMESTAMP:
            continue
        values = frame.get_column(name).drop_nulls()
        made = _of_numbers(values) if kind.is_number else _of_categories(values)
        if made is not None:
            found[name] = made
    return found


def _of_numbers(values: pl.Series) -> Histogram | None:
    numbers = values.cast(pl.Float64).to_numpy()
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return None
    halves = numbers / 2  # whose differences are finite, and equal bins of which are as many however large they are
    least, most = np.quantile(halves, [_TAIL, 1 - _TAIL]).tolist()
    places = (np.clip(halves, least, most) - least) / (most - least) if least < most else np.full(len(halves), 0.5)
    counts = np.histogram(places, _BINS, (0.0, 1.0))[0]
    low, high = (2 * least, 2 * most) if least < most else (2 * least - 0.5, 2 * least + 0.5)
    return Histogram(tuple((counts / len(numbers)).tolist()), low=low, high=high)


def _of_categories(values: pl.Series) -> Histogram | None:
    if values.is_empty():
        return None
    counts = values.cast(pl.String).alias("value").value_counts(name="rows")
    first = counts.sort("rows", "value", descending=[True, False]).head(_MOST)
    shares = (first["rows"] / len(values)).to_list()
    return Histogram(tuple(shares), tuple(first["value"].to_list()))
