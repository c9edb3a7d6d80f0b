"""Whether one model is better than another on the same questions, and whether that is chance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ...models.bootstrap import Resampling
from ..errors import DataError
from .estimates import Statistic, count_groups, drawn_sums, group_sums, interval_of, resampling_of, statistic_of
from .records import Example

Floats = NDArray[np.float64]
Verdict = Literal["better", "worse", "equal", "undecided"]

_POWER = 0.8
_FLIPS, _BATCH = 9999, 500
_LEAST = 1e-9  # what arithmetic may be off by
_SIDES = "first", "second"
_MOST_MORE = 1000  # times as many questions as there are: nobody will ask them


class Rules(BaseModel):
    """When a difference counts.

    Attributes
    ----------
    samples, level
        Draws of an interval, and the share of them inside.
    least_difference
        Smaller differences do not matter.
    """

    model_config = ConfigDict(frozen=True)

    samples: int = 1000
    level: float = 0.95
    least_difference: float = 0.02


class Measure(NamedTuple):
    """What two models are compared by."""

    name: str
    label: str
    greater_is_better: bool


class Comparison(BaseModel):
    """How a model differs from another in one measure. Positive is better, whatever the measure.

    Attributes
    ----------
    first, second
        Scores of the two.
    difference, low, high
        Second minus first, with its interval; there is none for a single group.
    test
        How the p-value was found.
    effect, effect_name
        Cohen's g of the questions that they answer differently, or d of the differences; None where all tie.
    ties, lost
        Questions on which the two score alike, and on which the second scores less; of a score of a whole corpus, all
        that are no ties.
    alone
        Questions that only the first was asked, and only the second.
    more
        About how many more groups decide it, if it is undecided.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    test: str
    p_value: float
    effect: float | None
    effect_name: str
    rows: int
    groups: int
    ties: int
    lost: int
    alone: tuple[int, int] = (0, 0)
    verdict: Verdict
    more: int = 0

    @property
    def interval(self) -> str:
        """The ends of the interval in words."""
        if self.low is None or self.high is None:
            return "no interval"
        return f"{self.low:+.3f} to {self.high:+.3f}"

    @property
    def unit(self) -> str:
        """What there are too few of: questions, or the documents that they are about."""
        return "questions" if self.groups == self.rows else "documents with their questions"

    def needed_for(self, limit: float) -> int | None:
        """Say about how many more groups tell whether the difference is above a limit below zero.

        Returns
        -------
        int or None
            None if no number would, as the difference is at the limit.
        """
        if self.low is None or self.high is None:
            return 1
        room = self.difference + limit
        half = self.difference - self.low if room > 0 else self.high - self.difference
        if abs(room) <= max(_LEAST, half / math.sqrt(_MOST_MORE)):
            return None
        return max(1, math.ceil(self.groups * ((half / room) ** 2 - 1)))

    def __str__(self) -> str:
        """Say it in words."""
        if self.ties == self.rows:
            told = f"all {self.rows} answers score the same"
        else:
            told = f"{self.difference:+.3f} ({self.interval}), p = {self.p_value:.3g}"
        wanted = f"; about {self.more} more {self.unit} would decide it" if self.verdict == "undecided" else ""
        left = " and ".join(
            f"{count} that only the {which} was asked" for count, which in zip(self.alone, _SIDES, strict=True) if count
        )
        return f"{self.label}: {self.verdict}: {told}{wanted}{f'; without {left}' if left else ''}"


class Shared(NamedTuple):
    """The answers of two models to the same questions.

    Attributes
    ----------
    first, second
        Their answers, in one order.
    alone
        How many questions only the first was asked, and only the second.
    """

    first: tuple[Example, ...]
    second: tuple[Example, ...]
    alone: tuple[int, int]


def shared_examples(first: Sequence[Example], second: Sequence[Example], refused: DataError) -> Shared:
    """Find the questions that two models were both asked. One that was asked several times is paired in its order.

    Raises
    ------
    DataError
        As given, if they were asked nothing alike.
    """
    known, asked = dict(_numbered(first)), dict(_numbered(second))
    both = [key for key in asked if key in known]
    if not both:
        raise refused
    alone = len(known) - len(both), len(asked) - len(both)
    return Shared(tuple(known[key] for key in both), tuple(asked[key] for key in both), alone)


def _numbered(examples: Sequence[Example]) -> Iterator[tuple[tuple[str, int], Example]]:
    """Tell examples apart by what was asked, and by how often it was before."""
    seen: Counter[str] = Counter()
    for example in examples:
        key = example.key
        yield (key, seen[key]), example
        seen[key] += 1


def compare_examples(shared: Shared, measures: Sequence[Measure], rules: Rules) -> dict[str, Comparison]:
    """Compare the answers of two models by several measures, which share the draws.

    The interval is that of the difference when documents are drawn anew, the same for both. The test is McNemar's for
    what is right or wrong where each question stands for itself, and else swaps the models for whole documents.

    Returns
    -------
    dict of str to Comparison
        By the name of the measure.
    """
    if not measures:
        return {}
    statistics = {one.name: statistic_of(one.name) for one in measures}
    sides = [{name: one.parts(side) for name, one in statistics.items()} for side in shared[:2]]
    resampling = resampling_of(shared.first, samples=rules.samples, level=rules.level, seed=0)
    sums = [group_sums(np.column_stack(list(side.values())), resampling) for side in sides]
    width = sums[0].shape[1]
    both = np.column_stack(sums)
    drawn, swapped = drawn_sums(both, resampling), swapped_sums(*sums)
    found, start = {}, 0
    for measure in measures:
        before, after = (side[measure.name] for side in sides)
        end = start + before.shape[1]
        columns = slice(start, end), slice(width + start, width + end)
        statistic, sign = statistics[measure.name], 1 if measure.greater_is_better else -1
        totals, draws, swaps = (
            [statistic.value(table[:, part]) for part in columns]
            for table in (both.sum(0, keepdims=True), drawn, swapped)
        )
        one = _Paired(
            statistic,
            sign * (after[:, 0] - before[:, 0]),
            (before == after).all(axis=1),
            (float(totals[0][0]), float(totals[1][0])),
            sign * (totals[1] - totals[0]),
            sign * (draws[1] - draws[0]),
            sign * (swaps[1] - swaps[0]),
        )
        found[measure.name] = decided(one.comparison(measure.label, shared, resampling), one.deviation, rules)
        start = end
    return found


def swapped_sums(first: Floats, second: Floats) -> Floats:
    """Sum the parts of two models after swapping them for some of the groups, chosen at random or in all ways.

    Parameters
    ----------
    first, second : ndarray of shape (n_groups, n_parts)
        Parts of each.

    Returns
    -------
    ndarray of shape (n_swaps, 2 * n_parts)
        First of all those with none swapped.
    """
    groups, gained = len(first), second - first
    totals = np.concatenate([first.sum(axis=0), second.sum(axis=0)])
    if 2**groups <= _FLIPS + 1:
        chosen = (np.arange(2**groups)[:, None] >> np.arange(groups)) & 1
        moved = chosen @ gained
    else:
        draw = np.random.default_rng(0)
        sizes = [min(_BATCH, _FLIPS - start) for start in range(0, _FLIPS, _BATCH)]
        coins = (draw.integers(0, 2, (size, groups), dtype=np.int8) for size in sizes)
        moved = np.concatenate([np.zeros((1, gained.shape[1])), *(one.astype(np.float64) @ gained for one in coins)])
    return totals + np.column_stack([moved, -moved])


@dataclass(frozen=True, slots=True)
class _Paired:
    """One measure of two models on the same questions.

    Attributes
    ----------
    gained
        By how much the second scores more, by question; of use for means only.
    ties
        Questions on which the two are alike.
    totals
        Scores of the two.
    difference, drawn, swapped
        Second minus first: of all questions, of each draw, and of each way of swapping the two.
    """

    statistic: Statistic
    gained: Floats
    ties: NDArray[np.bool_]
    totals: tuple[float, float]
    difference: Floats
    drawn: Floats
    swapped: Floats

    @property
    def deviation(self) -> float:
        """Standard error of the difference."""
        return float(self.drawn.std())

    def comparison(self, label: str, shared: Shared, resampling: Resampling) -> Comparison:
        """Tell of it, without a verdict yet."""
        rows, difference = len(shared.first), float(self.difference[0])
        groups = count_groups(rows, resampling)
        low, high = interval_of(difference, self.drawn, groups, resampling) or (None, None)
        test, p_value = self._test(grouped=resampling.groups is not None)
        effect_name, effect = self._effect()
        ties = int(self.ties.sum())
        return Comparison(
            label=label,
            first=self.totals[0],
            second=self.totals[1],
            difference=difference,
            low=low,
            high=high,
            test=test,
            p_value=p_value,
            effect=effect,
            effect_name=effect_name,
            rows=rows,
            groups=groups,
            ties=ties,
            lost=int((self.gained < 0).sum()) if self.statistic.is_mean else rows - ties,
            alone=shared.alone,
            verdict="undecided",
        )

    @property
    def _is_rate(self) -> bool:
        return self.statistic.is_mean and bool(np.isin(self.gained, (-1.0, 0.0, 1.0)).all())

    def _test(self, *, grouped: bool) -> tuple[str, float]:
        """Test whether the two are equally good; two-sided, 1 where all tie.

        By McNemar's test (1947, doi:10.1007/BF02295996), exact; or by swapping the models at random (Fisher, 1935).
        """
        from scipy import stats

        if self._is_rate and not grouped:
            wins, losses = int((self.gained > 0).sum()), int((self.gained < 0).sum())
            return "McNemar's, exact", float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
        as_far = np.abs(self.swapped) >= abs(self.difference[0]) * (1 - _LEAST) - _LEAST
        return f"models swapped for {'whole groups' if grouped else 'answers'}", float(as_far.mean())

    def _effect(self) -> tuple[str, float | None]:
        """Give the size of the effect (Cohen, 1988): g of a rate, where 0.25 is large, or d of paired differences.

        Of the score of a whole corpus, d is what it would be of a mean with the same difference and standard error.
        """
        name = "Cohen's g" if self._is_rate else "Cohen's d"
        if self.ties.all():
            return name, None
        if self._is_rate:
            wins = int((self.gained > 0).sum())
            return name, wins / int((self.gained != 0).sum()) - 0.5
        rows = len(self.gained)
        spread = self.deviation * math.sqrt(rows)
        if self.statistic.is_mean:
            spread = float(self.gained.std(ddof=1)) if rows > 1 else 0.0
        return name, float(self.difference[0]) / spread if spread > _LEAST else None


def decided(found: Comparison, deviation: float, rules: Rules) -> Comparison:
    """Say which of the two is better, if interval and test agree; else how many more groups decide it.

    Parameters
    ----------
    found : Comparison
        What was measured.
    deviation : float
        Standard error of the difference.
    rules : Rules
        When a difference counts.

    Notes
    -----
    So many groups that a difference that matters is found with a power of 80 % (Cohen, 1988, chapter 2). Where all
    answers tie, so many that a share of others as large as matters would have shown itself.
    """
    risk, least = 1 - rules.level, rules.least_difference
    fewest = fewest_groups(rules.level)
    if found.ties == found.rows:
        needed = groups_without_loss(rules.level, least)
        return _settled(found, "equal" if needed <= found.groups else "undecided", needed)
    if found.low is None or found.high is None:
        return _settled(found, "undecided", fewest)
    if found.p_value <= risk and found.low * found.high > 0:
        return _settled(found, "better" if found.difference > 0 else "worse", 0)
    if -least < found.low and found.high < least and found.groups >= fewest:
        return _settled(found, "equal", 0)
    quantiles = NormalDist().inv_cdf(1 - risk / 2) + NormalDist().inv_cdf(_POWER)
    return _settled(found, "undecided", max(found.groups * (quantiles * deviation / least) ** 2, fewest))


def fewest_groups(level: float) -> int:
    """Say with how many groups a test of signs can find anything at all."""
    return math.ceil(math.log2(2 / (1 - level)))


def groups_without_loss(level: float, share: float) -> int:
    """Say how many groups without any loss show that less than a share of all are lost."""
    return math.ceil(math.log(1 - level) / math.log(1 - share))


def _settled(found: Comparison, verdict: Verdict, needed: float) -> Comparison:
    more = max(1, math.ceil(needed - found.groups)) if verdict == "undecided" else 0
    return found.model_copy(update={"verdict": verdict, "more": more})
