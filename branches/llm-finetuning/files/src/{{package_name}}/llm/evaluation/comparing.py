"""Whether one model is better than another on the same questions, and whether that is chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ...models.bootstrap import Resampling
from ..errors import DataError
from .estimates import LOSS, count_groups, drawn_sums, resampling_of, statistic_of
from .records import Example

Floats = NDArray[np.float64]
Verdict = Literal["better", "worse", "equal", "undecided"]

_POWER = 0.8
_FLIPS, _BATCH = 9999, 1000


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
        Second minus first, with its interval.
    test
        How the p-value was found.
    effect, effect_name
        Cohen's g of the questions that they answer differently, or d of the differences; None where all tie.
    ties
        Questions on which the two score alike.
    more
        About how many more questions decide it, if it is undecided.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    test: str
    p_value: float
    effect: float | None
    effect_name: str
    rows: int
    groups: int
    ties: int
    verdict: Verdict
    more: int = 0

    def needed_for(self, limit: float) -> int:
        """Say about how many more questions make the interval reach no further down than a limit below zero."""
        room = max(self.difference + limit, 1e-6)
        return max(1, math.ceil(self.rows * (((self.difference - self.low) / room) ** 2 - 1)))

    def __str__(self) -> str:
        """Say it in words."""
        if self.ties == self.rows:
            told = f"all {self.rows} answers score the same"
        else:
            told = f"{self.difference:+.3f} ({self.low:+.3f} to {self.high:+.3f}), p = {self.p_value:.3g}"
        wanted = f"; about {self.more} more questions would decide it" if self.verdict == "undecided" else ""
        return f"{self.label}: {self.verdict}: {told}{wanted}"


def shared_examples(
    first: Sequence[Example], second: Sequence[Example], names: tuple[str, str]
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Give the answers of two models to the questions that both were asked, in one order.

    Raises
    ------
    DataError
        If they were asked nothing alike.
    """
    known = {example.key: example for example in first}
    pairs = [(known[one.key], one) for one in {one.key: one for one in second}.values() if one.key in known]
    if not pairs:
        raise DataError(
            f"{names[0]} and {names[1]} were asked no question alike",
            hint="evaluate both on the same dataset, with --dataset",
        )
    ours, theirs = zip(*pairs, strict=True)
    return ours, theirs


def compare_examples(first: Sequence[Example], second: Sequence[Example], measure: Measure, rules: Rules) -> Comparison:
    """Compare the answers of two models by one measure.

    The interval is that of the difference when documents are drawn anew, the same for both. The test is McNemar's for
    what is right or wrong where each question stands for itself, and else flips the sign of whole documents.
    """
    name, sign = measure.name, 1 if measure.greater_is_better else -1
    statistic = statistic_of(name)
    parts = statistic.parts(first), statistic.parts(second)
    resampling = resampling_of(first, samples=rules.samples, level=rules.level, seed=0)
    groups, width = count_groups(len(first), resampling), parts[0].shape[1]
    drawn = drawn_sums(np.column_stack(parts), resampling)
    differences = sign * (statistic.value(drawn[:, width:]) - statistic.value(drawn[:, :width]))
    values = [float(statistic.value(one.sum(axis=0, keepdims=True))[0]) for one in parts]
    difference = sign * (values[1] - values[0])
    low, high = resampling.interval(differences)
    each = sign * (_each(second, name) - _each(first, name))
    test, p_value = paired_test(each, resampling)
    effect_name, effect = effect_of(each)
    found = Comparison(
        label=measure.label,
        first=values[0],
        second=values[1],
        difference=difference,
        low=low,
        high=high,
        test=test,
        p_value=p_value,
        effect=effect,
        effect_name=effect_name,
        rows=len(first),
        groups=groups,
        ties=int((each == 0).sum()),
        verdict="undecided",
    )
    return decided(found, float(differences.std()), rules)


def decided(found: Comparison, deviation: float, rules: Rules) -> Comparison:
    """Say which of the two is better, if interval and test agree; else how many more questions decide it.

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
    So many questions that a difference that matters is found with a power of 80 % (Cohen, 1988, chapter 2). Where all
    answers tie, so many that a share of others as large as matters would have shown itself.
    """
    risk, least = 1 - rules.level, rules.least_difference
    a_group = found.rows / found.groups
    if found.ties == found.rows:
        needed = math.ceil(math.log(risk) / math.log(1 - least)) * a_group
        return _settled(found, "equal" if needed <= found.rows else "undecided", needed)
    if found.p_value <= risk and found.low * found.high > 0:
        return _settled(found, "better" if found.difference > 0 else "worse", 0)
    fewest = math.ceil(math.log2(2 / risk)) * a_group  # with fewer, no sign test can find anything
    if -least < found.low and found.high < least and found.rows >= fewest:
        return _settled(found, "equal", 0)
    quantiles = NormalDist().inv_cdf(1 - risk / 2) + NormalDist().inv_cdf(_POWER)
    needed = found.rows * (quantiles * deviation / least) ** 2
    return _settled(found, "undecided", max(needed, fewest))


def _settled(found: Comparison, verdict: Verdict, needed: float) -> Comparison:
    more = max(1, math.ceil(needed - found.rows)) if verdict == "undecided" else 0
    return found.model_copy(update={"verdict": verdict, "more": more})


def paired_test(differences: Floats, resampling: Resampling) -> tuple[str, float]:
    """Test whether two models are equally good, by their differences on the same questions.

    Returns
    -------
    str
        McNemar's test (1947, doi:10.1007/BF02295996), exact; or a test that flips signs at random (Fisher, 1935).
    float
        The p-value, two-sided; 1 where all tie.
    """
    from scipy import stats

    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    groups = resampling.groups
    if groups is None and _is_rate(differences):
        return "McNemar's, exact", float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    sums = differences if groups is None else np.bincount(groups, weights=differences)
    sums, name = sums[sums != 0], f"signs of {'answers' if groups is None else 'whole groups'} flipped"
    if len(sums) <= 1:
        return name, 1.0
    found = stats.permutation_test(
        (sums,), np.sum, permutation_type="samples", vectorized=True, n_resamples=_FLIPS, batch=_BATCH, rng=0
    )
    return name, float(found.pvalue)


def effect_of(differences: Floats) -> tuple[str, float | None]:
    """Give the size of an effect (Cohen, 1988): g of a rate, where 0.25 is large, or d of paired differences."""
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    name = "Cohen's g" if _is_rate(differences) else "Cohen's d"
    if not wins + losses:
        return name, None
    if _is_rate(differences):
        return name, wins / (wins + losses) - 0.5
    spread = float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
    return name, float(differences.mean()) / spread if spread else None


def _is_rate(differences: Floats) -> bool:
    return bool(np.isin(differences, (-1.0, 0.0, 1.0)).all())


def _each(examples: Sequence[Example], name: str) -> Floats:
    if name == LOSS:
        return np.array([one.nats / max(one.tokens, 1) for one in examples])
    return np.array([one.scores[name] for one in examples])
