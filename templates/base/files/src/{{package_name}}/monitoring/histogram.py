"""Two distributions in the same bins, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from .reference import Numbers

_BINS = 20
_TAIL = 0.005
_MOST_BARS = 12


class Histogram(BaseModel):
    """Shares of rows in bins.

    Attributes
    ----------
    labels
        Of each bin: where it starts, or the category.
    reference, current
        Shares of the rows, which add up to 1 unless rows lie outside the bins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: list[str]
    reference: list[float]
    current: list[float]


def histogram_of_numbers(profile: Numbers, values: NDArray[np.float64]) -> Histogram:
    """Divide the range of both samples, less their outermost values, into 20 bins of equal width."""
    reference = np.asarray(profile.values)
    tails = np.quantile(np.stack([np.quantile(s, [_TAIL, 1 - _TAIL]) for s in (reference, values)]), [0, 1])
    low, high = tails if tails[0] < tails[1] else (tails[0] - 0.5, tails[0] + 0.5)
    edges = np.linspace(low, high, _BINS + 1)
    shares = [np.histogram(np.clip(sample, low, high), edges)[0] / len(sample) for sample in (reference, values)]
    dates = profile.dtype in {"date", "datetime"}
    labels = [f"{datetime.fromtimestamp(edge, UTC):%Y-%m-%d %H:%M}" if dates else f"{edge:.4g}" for edge in edges[:-1]]
    return Histogram(labels=labels, reference=shares[0].tolist(), current=shares[1].tolist())


def histogram_of_categories(names: list[str], reference: Sequence[int], current: Sequence[int]) -> Histogram:
    """Show the categories that are most frequent in either sample."""
    then, now = np.asarray(reference) / sum(reference), np.asarray(current) / sum(current)
    order = np.argsort(-(then + now), kind="stable")[:_MOST_BARS]
    chosen = [place for place in order if then[place] + now[place] > 0]
    return Histogram(
        labels=[names[place] for place in chosen],
        reference=[float(then[place]) for place in chosen],
        current=[float(now[place]) for place in chosen],
    )
