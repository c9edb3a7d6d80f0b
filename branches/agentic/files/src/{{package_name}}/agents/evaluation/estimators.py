"""How often agents succeed: estimates from repeated attempts, their intervals, and whether they got worse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple


class Counts(NamedTuple):
    """Attempts at one task, and how many of them passed."""

    passed: int
    attempts: int


class Interval(NamedTuple):
    """A range that holds the true value with a confidence."""

    low: float
    high: float


def pass_at_k(counts: Counts, k: int) -> float:
    """Estimate the probability that at least one of `k` attempts passes, without bias.

    From Chen et al., "Evaluating Large Language Models Trained on Code" (2021), arXiv:2107.03374, equation 1.

    Raises
    ------
    ValueError
        If there were fewer than `k` attempts.

    Examples
    --------
    >>> round(pass_at_k(Counts(2, 5), 2), 6)
    0.7
    """
    return 1 - _all_from(counts.attempts - counts.passed, counts.attempts, k)


def pass_hat_k(counts: Counts, k: int) -> float:
    """Estimate pass^k, the probability that all of `k` attempts pass, without bias.

    From Yao et al., "tau-bench: A Benchmark for Tool-Agent-User Interaction in Real-World Domains" (2024),
    arXiv:2406.12045, section 3.

    Raises
    ------
    ValueError
        If there were fewer than `k` attempts.

    Examples
    --------
    >>> round(pass_hat_k(Counts(4, 5), 2), 6)
    0.6
    """
    return _all_from(counts.passed, counts.attempts, k)


def _all_from(chosen: int, attempts: int, k: int) -> float:
    """Give the probability that `k` attempts, drawn without putting back, are all among the `chosen`."""
    if not 1 <= k <= attempts:
        raise ValueError(f"{k} of {attempts} attempts can't be drawn")
    return comb(chosen, k) / comb(attempts, k)


def interval_of_mean(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Give the interval of the mean of values between 0 and 1, each an independent draw.

    Wilson's score interval ("Probable Inference", JASA 22, 1927). It is exact in form for values of 0 and 1, and wider
    than needed for those in between: a mean m allows no variance above m (1 - m) (Bhatia and Davis, 2000). Unlike a
    bootstrap it does not shrink to a point where all values are equal.

    Raises
    ------
    ValueError
        If there are no values.

    Examples
    --------
    >>> low, high = interval_of_mean([1.0] * 10)
    >>> round(low, 3), high
    (0.722, 1.0)
    """
    if not values:
        raise ValueError("there are no values")
    count, mean = len(values), sum(values) / len(values)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = mean + z * z / (2 * count)
    reach = z * sqrt(max(mean * (1 - mean), 0.0) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    low, high = (middle - reach) / scale, (middle + reach) / scale
    return Interval(min(max(low, 0.0), mean), max(min(high, 1.0), mean))


def interval_of_rate(counts: Counts, confidence: float = 0.95) -> Interval:
    """Give the interval of the probability that an attempt at one task passes.

    Examples
    --------
    >>> interval_of_rate(Counts(0, 4)).low
    0.0
    """
    failed = counts.attempts - counts.passed
    return interval_of_mean([1.0] * counts.passed + [0.0] * failed, confidence)


def chance_of_drop(pairs: Iterable[tuple[Counts, Counts]]) -> float:
    """Give the probability of a drop as large as the one that was seen, or larger, if nothing had changed.

    An exact one-sided test with tasks as strata: which attempts of a task passed, before or after, is then chance
    alone, so the passes after the change are hypergeometric in each task, and their sum is one of independent draws.
    With one task this is Fisher's exact test; with several the exact form of the Cochran-Mantel-Haenszel test (Mehta,
    Patel and Gray, JASA 80, 1985).

    Parameters
    ----------
    pairs
        Of each task the counts before and after.

    Examples
    --------
    >>> round(chance_of_drop([(Counts(5, 5), Counts(0, 5))]), 4)
    0.004
    >>> chance_of_drop([(Counts(5, 5), Counts(5, 5))])
    1.0
    """
    chances, seen = [1.0], 0
    for before, after in pairs:
        seen += after.passed
        chances = _sum_of(chances, _hypergeometric(before, after))
    return min(1.0, sum(chances[: seen + 1]))


def _hypergeometric(before: Counts, after: Counts) -> list[float]:
    """Give the probability of each number of passes after, from 0, given all passes."""
    passed, attempts = before.passed + after.passed, before.attempts + after.attempts
    ways = comb(attempts, passed)
    possible = range(min(after.attempts, passed) + 1)
    # comb is 0 where fewer attempts were made before than would have had to pass
    return [comb(after.attempts, n) * comb(before.attempts, passed - n) / ways for n in possible]


def _sum_of(first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Give the distribution of the sum of two independent numbers."""
    total = [0.0] * (len(first) + len(second) - 1)
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            total[i + j] += one * other
    return total


def holm(chances: Sequence[float], significance: float) -> list[bool]:
    """Tell which of several tests reject, with one probability of any false one among them.

    From Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.004, 0.03, 0.2], 0.05)
    [True, False, False]
    """
    rejected = [False] * len(chances)
    for rank, index in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[index] > significance / (len(chances) - rank):
            break
        rejected[index] = True
    return rejected
