"""How much the vote of a judge should weigh, from how often it was right."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from ..errors import AgentError
from ..tasks import Record

_FEWEST = 2  # options that are a choice
_MOST = 0.99  # nobody is always right, however long the luck has lasted


class Judgement(Record):
    """One past vote of a judge, of which the truth came out."""

    judge: str
    correct: bool


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
    if options < _FEWEST or not 0 <= expected <= 1 or trust < 0:
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


def _weigh(right: int, made: int, options: int, expected: float, trust: float) -> float:
    rate = (right + expected * trust) / (made + trust) if made + trust else expected
    rate = min(rate, _MOST)
    return max(0.0, math.log(rate * (options - 1) / (1 - rate))) if rate else 0.0
