"""How unlike two samples are, and whether chance explains it.

Rows are taken as independent: where many come from one source, p-values are too small, and only the size of an effect
tells whether it matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

_HALF_A_ROW = 0.5
_LEAST_EXPECTED = 5.0
_LEAST_CELLS = 2


@dataclass(frozen=True, slots=True)
class Test:
    """A test that two samples come from one distribution."""

    statistic: float
    p_value: float


def psi(reference: NDArray[Any], current: NDArray[Any]) -> float:
    """Compute the population stability index of counts in the same bins.

    The sum over bins of ``(c - r) * ln(c / r)``, with the shares ``r`` and ``c`` of reference and current rows: the
    symmetric divergence of Jeffreys (1946). An empty bin counts as half a row, so that it does not make it infinite.

    Parameters
    ----------
    reference, current
        ndarray of shape (n_bins,): rows in each.

    Notes
    -----
    By convention of credit scoring (Lewis, 1994; Siddiqi, 2006), below 0.1 nothing has changed, from 0.1 something, and
    from 0.25 much. These limits know nothing of the size of a sample: see `psi_by_chance`.

    Examples
    --------
    >>> round(psi(np.array([50, 50]), np.array([50, 50])), 4)
    0.0
    >>> round(psi(np.array([50, 50]), np.array([80, 20])), 4)
    0.4159
    """
    used = (reference + current) > 0
    r, c = _shares(reference[used]), _shares(current[used])
    return float(np.sum((c - r) * np.log(c / r)))


def psi_by_chance(bins: int, reference: int, current: int, level: float = 0.95) -> float:
    """Find the index that samples of one distribution stay below with the probability `level`.

    Without drift the index is distributed like ``(1/n + 1/m) * chi2(bins - 1)`` (Yurdakul and Naranjo, 2020,
    doi:10.21314/JRMV.2020.227). With 10 bins and 100 rows against many, chance alone reaches 0.17.

    Examples
    --------
    >>> round(psi_by_chance(10, 1_000_000, 100), 2)
    0.17
    """
    return float((1 / reference + 1 / current) * stats.chi2.ppf(level, max(1, bins - 1)))


def kolmogorov_smirnov(reference: Floats, rows: int, current: Floats) -> Test:
    """Test two samples of numbers for one distribution, against both sides.

    Ties, as in counts and rounded numbers, make the test careful: it finds less, and gives no more false alarms.

    Parameters
    ----------
    reference
        ndarray of shape (n_values,), sorted: the sample, or evenly spaced quantiles of a larger one.
    rows
        The size of that sample.
    current
        ndarray of shape (m,).

    Returns
    -------
    Test
        The greatest distance between the distribution functions. Its p-value is exact for distributions without
        ties in one sample of ``n * m / (n + m)`` rows, which is a close approximation for two.
    """
    places = np.concatenate([reference, current])
    below = np.searchsorted(reference, places, side="right") / len(reference)
    below_now = np.searchsorted(np.sort(current), places, side="right") / len(current)
    distance = float(np.max(np.abs(below - below_now)))
    size = rows * len(current) / (rows + len(current))
    return Test(distance, float(np.clip(stats.kstwo.sf(distance, np.round(size)), 0, 1)))


def chi_square(reference: NDArray[Any], current: NDArray[Any]) -> Test:
    """Test two samples of categories for one distribution (Pearson's test of homogeneity).

    The rarest categories are joined until 5 rows are expected of each in both samples (Cochran, 1954).

    Parameters
    ----------
    reference, current
        ndarray of shape (n_categories,): rows of each.
    """
    table = _joined(np.vstack([reference, current]).astype(np.float64))
    if table.shape[1] < _LEAST_CELLS:
        return Test(0.0, 1.0)
    found = stats.chi2_contingency(table, correction=False)
    return Test(float(found.statistic), float(found.pvalue))


def missing_test(reference: tuple[int, int], current: tuple[int, int]) -> Test:
    """Test whether the share of missing values is the same (Fisher's exact test).

    Parameters
    ----------
    reference, current
        Missing values, and all rows.
    """
    (gaps, rows), (gaps_now, rows_now) = reference, current
    found = stats.fisher_exact([[gaps, rows - gaps], [gaps_now, rows_now - gaps_now]])
    return Test(gaps_now / rows_now - gaps / rows, float(np.clip(found.pvalue, 0, 1)))


def adjust(p_values: list[float]) -> list[float]:
    """Correct p-values for their number, so that a level bounds the share of false alarms among all.

    The procedure of Benjamini and Hochberg (1995).

    Examples
    --------
    >>> [round(p, 3) for p in adjust([0.01, 0.5, 0.02, 0.9])]
    [0.04, 0.667, 0.04, 0.9]
    """
    return [float(p) for p in stats.false_discovery_control(p_values)] if p_values else []


def _shares(counts: NDArray[Any]) -> Floats:
    rows = np.maximum(counts.astype(np.float64), _HALF_A_ROW)
    shares: Floats = rows / counts.sum()
    return shares


def _joined(table: Floats) -> Floats:
    """Join the columns with the fewest rows until enough are expected in each cell."""
    table = table[:, table.sum(axis=0) > 0]
    table = table[:, np.argsort(table.sum(axis=0), kind="stable")]
    least_share = table.sum(axis=1).min() / table.sum()
    while table.shape[1] > 1 and table[:, 0].sum() * least_share < _LEAST_EXPECTED:
        table = np.column_stack([table[:, 0] + table[:, 1], table[:, 2:]])
        table = table[:, np.argsort(table.sum(axis=0), kind="stable")]
    return table
