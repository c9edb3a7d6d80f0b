"""How much the vote of a judge should weigh, from how often it was right."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from ..errors import AgentError
from ..evaluation.estimators import Counts, interval_of_rate
from ..tasks import Record

FEWEST = 2  # options that are a choice
_MOST = 0.99  # nobody is always right, however long the luck has lasted


class Judgement(Record):
    """One past vote of a judge, of which the truth came out.

    Attributes
    ----------
    confidence
        How sure it said that it was, from 0 to 1, if it did.
    """

    judge: str
    correct: bool
    model: str = ""
    case: str = ""
    confidence: float | None = None


def calibrate(
    judgements: Iterable[Judgement],
    *,
    judges: Iterable[str] = (),
    options: int = 2,
    expected: float = 0.7,
    trust: float = 4,
) -> dict[str, float]:
    """Give each judge a weight for `decide`.

    The weight is the logarithm of the odds of being right over those of guessing, log(p (k - 1) / (1 - p)) with k
    options. If judges err independently, a vote with these weights is right more often than with any others: Nitzan and
    Paroush, "Optimal decision rules in uncertain dichotomous choice situations", International Economic Review 23
    (1982). Who is no better than a guess weighs nothing. Rates are drawn to `expected` where there is little to go by.

    Parameters
    ----------
    judges
        Those who vote; those of the judgements are among them in any case.
    options
        How many there are to choose from.
    expected
        How often a judge is right of whom nothing is known.
    trust
        Judgements that this expectation counts for.

    Raises
    ------
    AgentError
        If there are fewer than two options, or the expectation is no rate.

    Examples
    --------
    >>> past = [Judgement(judge="ada", correct=True)] * 9 + [Judgement(judge="ben", correct=False)] * 9
    >>> {judge: round(weight, 2) for judge, weight in calibrate(past, judges=["new"]).items()}
    {'ada': 2.29, 'ben': 0.0, 'new': 0.85}
    """
    if options < FEWEST or not 0 <= expected <= 1 or trust < 0:
        raise AgentError(
            f"judges can't be weighed with {options} options, an expectation of {expected} and a trust of {trust}",
            hint="take at least 2 options, an expectation from 0 to 1, and a trust from 0",
        )
    right: Counter[str] = Counter()
    made: Counter[str] = Counter(dict.fromkeys(judges, 0))
    for one in judgements:
        made[one.judge] += 1
        right[one.judge] += one.correct
    return {judge: _weigh(right[judge], made[judge], options, expected, trust) for judge in sorted(made)}


@dataclass(frozen=True, slots=True)
class Standing:
    """How well a judge does.

    Attributes
    ----------
    cases
        Those whose truth is known.
    rate
        Share of them in which it was right, with Wilson's interval.
    stated
        How sure it said that it was, as the mean; None if it never did. Above `rate`, it is too sure of itself.
    brier
        Mean square of how far its confidence was from whether it was right: 0 is perfect, 0.25 what always saying 0.5
        gives. Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78 (1950).
    weight
        That it would have in a vote on two options.
    """

    judge: str
    model: str
    cases: int
    right: int
    rate: float
    low: float
    high: float
    stated: float | None
    brier: float | None
    weight: float


def standings(judgements: Iterable[Judgement], *, fewest: int, confidence: float) -> list[Standing]:
    """Tell how well each judge does, by its name and its model.

    Parameters
    ----------
    fewest
        Cases below which a judge weighs 1.
    confidence
        How often the intervals hold the true rate.
    """
    made: dict[tuple[str, str], list[Judgement]] = {}
    for one in judgements:
        made.setdefault((one.judge, one.model), []).append(one)
    return [_standing(own, fewest, confidence) for _, own in sorted(made.items())]


def _standing(own: Sequence[Judgement], fewest: int, confidence: float) -> Standing:
    judge, cases, right = own[0].judge, len(own), sum(one.correct for one in own)
    low, high = interval_of_rate(Counts(right, cases), confidence)
    sure = [(one.confidence, one.correct) for one in own if one.confidence is not None]
    return Standing(
        judge=judge,
        model=own[0].model,
        cases=cases,
        right=right,
        rate=right / cases,
        low=low,
        high=high,
        stated=fmean(said for said, _ in sure) if sure else None,
        brier=fmean((said - was) ** 2 for said, was in sure) if sure else None,
        weight=calibrate(own)[judge] if cases >= fewest else 1.0,
    )


def _weigh(right: int, made: int, options: int, expected: float, trust: float) -> float:
    rate = (right + expected * trust) / (made + trust) if made + trust else expected
    rate = min(rate, _MOST)
    return max(0.0, math.log(rate * (options - 1) / (1 - rate))) if rate else 0.0
