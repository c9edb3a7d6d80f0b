"""Tests that may be looked at as often as one likes, and be stopped at any look.

Each rests on a process that has a mean of at most one, at every look, where there is no effect. By Ville's inequality
it ever comes to 1 / level with a probability of at most the level, and its inverse is an always-valid p-value (Johari,
Pekelis and Walsh, 2015, arXiv:1512.04922; Johari, Koomen, Pekelis and Walsh, 2022, doi:10.1287/opre.2021.2135).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from .estimates import Difference
from .fixed_horizon import reach

_STEPS = 60  # of halving an interval: more than a float can tell


@dataclass(frozen=True, slots=True)
class Mixture:
    """The mixture sequential probability ratio test of a difference: effects are drawn from a normal distribution.

    The squared standard error of an estimate is the inverse of its information, in which estimates from more and more
    units do as a Brownian motion does: so it holds for means and rates alike, once units are many enough for a normal
    distribution (asymptotic confidence sequences: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, 2021,
    arXiv:2103.06476).

    Attributes
    ----------
    variance : float
        Of the effects that are drawn.
    """

    variance: float

    @classmethod
    def planned(cls, effect: float, *, power: float, level: float) -> Self:
        """Make intervals narrowest when there is the information in which a test that looks once finds an effect.

        The variance is that of Waudby-Smith et al., formula 24, written in terms of information.
        """
        information = (reach(power, level) / effect) ** 2
        twice = -2 * math.log(level)
        return cls((twice + math.log(twice) + 1) / information)

    def p_value(self, found: Difference) -> float:
        """Give the always-valid p-value of there being no difference."""
        if not found.error:
            return 1.0 if found.value == 0 else 0.0
        information = found.error**-2
        grown = 1 + self.variance * information
        score = (found.value * information) ** 2
        return min(1.0, math.exp(0.5 * math.log(grown) - self.variance * score / (2 * grown)))

    def half_width(self, error: float, level: float) -> float:
        """Give how far the difference may be off, at all looks together."""
        if not error:
            return math.inf
        information = error**-2
        grown = 1 + self.variance * information
        return math.sqrt(2 * grown / self.variance * math.log(math.sqrt(grown) / level)) / information

    def interval(self, found: Difference, level: float) -> tuple[float, float]:
        """Give the ends of the confidence sequence."""
        half = self.half_width(found.error, level)
        return found.value - half, found.value + half


def log_evidence(hits: float, misses: float, rate: float) -> float:
    """Weigh hits and misses against a rate, as a logarithm: rates are drawn from all alike.

    The ratio of the beta-binomial mixture to the rate is a martingale for every number of trials, however small
    (Robbins, 1970, doi:10.1214/aoms/1177696786).
    """
    mixed = math.lgamma(1 + hits) + math.lgamma(1 + misses) - math.lgamma(2 + hits + misses)
    return mixed - _times_log(hits, rate) - _times_log(misses, 1 - rate)


def preference_p_value(wins: int, losses: int) -> float:
    """Give the always-valid p-value of a win being as likely as a loss; ties count for neither."""
    return min(1.0, math.exp(-log_evidence(wins, losses, 0.5)))


def rate_interval(hits: int, trials: int, level: float) -> tuple[float, float]:
    """Give the confidence sequence of one rate, exact for any number of trials.

    Examples
    --------
    >>> [round(end, 3) for end in rate_interval(50, 100, 0.05)]
    [0.345, 0.655]
    """
    if not trials:
        return 0.0, 1.0
    limit, found = -math.log(level), hits / trials

    def end(outer: float) -> float:
        inner = found
        for _ in range(_STEPS):
            middle = (inner + outer) / 2
            refused = log_evidence(hits, trials - hits, middle) >= limit
            inner, outer = (inner, middle) if refused else (middle, outer)
        return inner

    return (end(0.0) if hits else 0.0), (end(1.0) if hits < trials else 1.0)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for being several (Holm, 1979): the smallest is multiplied by their number, the next by one less.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = least
    return adjusted


def _times_log(count: float, rate: float) -> float:
    """Give a count times the logarithm of a rate, where zero times infinity is zero."""
    if not count:
        return 0.0
    return count * math.log(rate) if rate > 0 else -math.inf
