"""Whether one model is better than another on the same questions, and whether that is chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...models.bootstrap import Resampling
from .config import EvaluationConfig
from .estimates import (
    Floats,
    Statistic,
    count_groups,
    drawn_sums,
    group_sums,
    interval_of,
    resampling_of,
    statistic_of,
)
from .pairing import Shared
from .verdicts import LEAST, Comparison, decided

_FLIPS, _BATCH = 9999, 500


class Measure(NamedTuple):
    """What two models are compared by."""

    name: str
    label: str
    greater_is_better: bool


def compare_examples(shared: Shared, measures: Sequence[Measure], settings: EvaluationConfig) -> dict[str, Comparison]:
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
    resampling = resampling_of(shared.first, samples=settings.samples, level=settings.level, seed=0)
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
        found[measure.name] = decided(one.comparison(measure.label, shared, resampling), one.deviation, settings)
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
            row=shared.row,
            group=shared.group,
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
        as_far = np.abs(self.swapped) >= abs(self.difference[0]) * (1 - LEAST) - LEAST
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
        return name, float(self.difference[0]) / spread if spread > LEAST else None
