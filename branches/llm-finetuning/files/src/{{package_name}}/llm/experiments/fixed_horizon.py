"""Tests of two variants that look once, after as many observations as a power analysis asked for."""

from __future__ import annotations

import math
from statistics import NormalDist

from .estimates import Difference, Sample

_NORMAL = NormalDist()


def rate_test(successes: tuple[int, int], trials: tuple[int, int]) -> float:
    """Give the two-sided p-value of two rates being the same, by the z-test with a pooled rate.

    Parameters
    ----------
    successes, trials : tuple of int
        Of the first and the second variant.
    """
    first, second = (hits / count for hits, count in zip(successes, trials, strict=True))
    pooled = sum(successes) / sum(trials)
    error = math.sqrt(pooled * (1 - pooled) * sum(1 / count for count in trials))
    return _two_sided((second - first) / error) if error else 1.0


def mean_test(first: Sample, second: Sample) -> float:
    """Give the two-sided p-value of two means being the same, with unequal variances (Welch, 1947)."""
    from scipy import stats

    found = Difference.of(first, second)
    if not found.error:
        return 1.0 if found.value == 0 else 0.0
    parts = [(one.variance / one.units, one.units - 1) for one in (first, second)]
    freedom = sum(part for part, _ in parts) ** 2 / sum(part**2 / free for part, free in parts)
    return float(2 * stats.t.sf(abs(found.value) / found.error, freedom))


def preference_test(wins: int, losses: int) -> float:
    """Give the two-sided p-value of a win being as likely as a loss, by the sign test; ties count for neither."""
    from scipy import stats

    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def units_for_rates(baseline: float, effect: float, *, power: float, level: float) -> int:
    """Say how many units each variant needs, so that a difference of rates is found.

    Parameters
    ----------
    baseline : float
        Rate of the first variant.
    effect : float
        Smallest difference that matters, with its sign.
    power : float
        Probability that a difference of this size is found.
    level : float
        Probability of finding one where there is none.

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, formula 4.14.

    Examples
    --------
    >>> units_for_rates(0.5, 0.1, power=0.8, level=0.05)
    388
    """
    other = baseline + effect
    middle = (baseline + other) / 2
    alone = math.sqrt(baseline * (1 - baseline) + other * (1 - other))
    pooled = math.sqrt(2 * middle * (1 - middle))
    reach = -_NORMAL.inv_cdf(level / 2) * pooled + _NORMAL.inv_cdf(power) * alone
    return math.ceil((reach / effect) ** 2)


def units_for_means(deviation: float, effect: float, *, power: float, level: float) -> int:
    """Say how many units each variant needs, so that a difference of means is found.

    Parameters
    ----------
    deviation : float
        Standard deviation of a unit's value.
    effect, power, level : float
        As for `units_for_rates`.

    Examples
    --------
    >>> units_for_means(1.0, 0.25, power=0.8, level=0.05)
    252
    """
    return math.ceil(2 * (reach(power, level) * deviation / effect) ** 2)


def decisions_for_preferences(share: float, *, power: float, level: float) -> int:
    """Say how many wins and losses are needed, so that a share of wins other than a half is found.

    Examples
    --------
    >>> decisions_for_preferences(0.6, power=0.8, level=0.05)
    194
    """
    sides = -_NORMAL.inv_cdf(level / 2) / 2, _NORMAL.inv_cdf(power) * math.sqrt(share * (1 - share))
    return math.ceil((sum(sides) / (share - 0.5)) ** 2)


def reach(power: float, level: float) -> float:
    """Give how many standard errors an effect must have, so that it is found with this power."""
    return _NORMAL.inv_cdf(power) - _NORMAL.inv_cdf(level / 2)


def _two_sided(score: float) -> float:
    return 2 * _NORMAL.cdf(-abs(score))
