"""What was found of one measure of two models, and what is to be made of it."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

from pydantic import BaseModel, ConfigDict

from .config import EvaluationConfig

Verdict = Literal["better", "worse", "equal", "undecided"]

LEAST = 1e-9
"""What arithmetic may be off by."""
_POWER = 0.8
_SIDES = "first", "second"
_MOST_MORE = 1000  # times as many questions as there are: nobody will ask them


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
    row, group
        What a question is called, and what several are about.
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
    row: str = "question"
    group: str = "document"

    @property
    def interval(self) -> str:
        """The ends of the interval in words."""
        if self.low is None or self.high is None:
            return "no interval"
        return f"{self.low:+.3f} to {self.high:+.3f}"

    @property
    def unit(self) -> str:
        """What there are too few of: questions, or the documents that they are about."""
        return f"{self.row}s" if self.groups == self.rows else f"{self.group}s with their {self.row}s"

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
        if abs(room) <= max(LEAST, half / math.sqrt(_MOST_MORE)):
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


def decided(found: Comparison, deviation: float, settings: EvaluationConfig) -> Comparison:
    """Say which of the two is better, if interval and test agree; else how many more groups decide it.

    Parameters
    ----------
    found : Comparison
        What was measured.
    deviation : float
        Standard error of the difference.
    settings : EvaluationConfig
        When a difference counts.

    Notes
    -----
    So many groups that a difference that matters is found with a power of 80 % (Cohen, 1988, chapter 2). Where all
    answers tie, so many that a share of others as large as matters would have shown itself.
    """
    risk, least = 1 - settings.level, settings.least_difference
    fewest = fewest_groups(settings.level)
    if found.ties == found.rows:
        needed = groups_without_loss(settings.level, least)
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
