"""What stops a variant while its answers come in."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field

from .config import GuardrailsConfig
from .sequential import log_evidence, rate_interval

_FIRST = 200  # times of the first variant, by which is told what is usual
_TAIL = 0.05


@dataclass(slots=True)
class Tally:
    """What has come of a variant so far.

    Attributes
    ----------
    first : list of float
        Seconds of the first answers, in order.
    limit : float or None
        Seconds that no more than one of twenty answers of others may take, once it is set by this one's first ones.
    slow : int
        Answers among the `timed` ones that took longer than the limit.
    """

    answers: int = 0
    failed: int = 0
    first: list[float] = field(default_factory=list)
    limit: float | None = None
    slow: int = 0
    timed: int = 0
    _waiting: array[float] = field(default_factory=lambda: array("d"))

    def add(self, seconds: float, *, failed: bool) -> None:
        """Count an answer."""
        self.answers += 1
        self.failed += failed
        if not failed:
            self._waiting.append(seconds)
            if len(self.first) < _FIRST:
                self.first.append(seconds)

    def weigh(self, limit: float) -> None:
        """Count what took longer than a limit, which is the same one each time."""
        self.slow += sum(one > limit for one in self._waiting)
        self.timed += len(self._waiting)
        self._waiting = array("d")


def breach(rules: GuardrailsConfig, level: float, first: Tally, variant: Tally) -> str:
    """Say which guardrail a variant has run into, or nothing.

    Failures and slow answers are weighed against what is allowed at every answer, so that a variant which keeps to it
    is ever stopped, by either, with a probability of at most the level. One that always fails is stopped after two
    failures, where the level is 0.05 and one request of twenty may fail.
    """
    level /= sum(one is not None for one in (rules.error_rate, rules.p95_latency_ratio)) or 1
    if rules.error_rate is not None and _exceeds(variant.failed, variant.answers, rules.error_rate, level):
        share = variant.failed / variant.answers
        return f"{variant.failed} of {variant.answers} requests failed ({share:.1%}, allowed {rules.error_rate:.1%})"
    if rules.p95_latency_ratio is not None:
        return _slow(rules.p95_latency_ratio, level, first, variant)
    for one in (first, variant):
        one.weigh(math.inf)
    return ""


def usual_most(seconds: list[float], level: float) -> float:
    """Give what the 95th percentile of the times of a variant is at most, whatever their distribution.

    The k-th smallest of n is below a percentile with the probability that at least k of n are (David and Nagaraja,
    2003, Order Statistics, section 7.1): of all k for which that is at most the level, the smallest is taken.

    Examples
    --------
    >>> usual_most([float(number) for number in range(1, 201)], 0.0125)
    197.0
    """
    below, size = 0.0, len(seconds)
    place = size
    while place > 0:
        below += math.comb(size, place) * (1 - _TAIL) ** place * _TAIL ** (size - place)
        if below > level:
            break
        place -= 1
    return sorted(seconds)[min(place, size - 1)]


def _slow(ratio: float, level: float, first: Tally, variant: Tally) -> str:
    """Weigh how many answers took longer than a limit that is set once, by the first times of the first variant.

    Half of the level is for the limit being too low, half for the share. If load makes the first variant slow too, as
    many as it has may be slow.
    """
    if len(first.first) < _FIRST:
        return ""
    if first.limit is None:
        first.limit = ratio * usual_most(first.first, level / 2)
    for one in (first, variant):
        one.weigh(first.limit)
    if not _exceeds(variant.slow, variant.timed, _TAIL, level / 2):
        return ""
    _, most = rate_interval(first.slow, first.timed, level / 2)
    if not _exceeds(variant.slow, variant.timed, max(_TAIL, most), level / 2):
        return ""
    return f"{variant.slow} of {variant.timed} answers took longer than {first.limit:.2g} s, more than one of twenty"


def _exceeds(hits: int, trials: int, rate: float, level: float) -> bool:
    return hits > rate * trials and log_evidence(hits, trials - hits, rate) >= -math.log(level)
