"""What quantisation costs and brings: answers that were right before, and the time that an answer takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from ..inference import generate

if TYPE_CHECKING:
    from ..data.examples import Row
    from ..evaluation.config import EvaluationConfig
    from ..use_case import UseCase

# Timings differ by so much from one run to the next.
NOISE = 0.05
_RIGHT = "right"


@dataclass(frozen=True)
class Asked:
    """What a model said.

    Attributes
    ----------
    scores : dict of str to float
        Those of the use case.
    right : tuple of float
        For each row the measure that counts: 1 if the answer is right, else 0.
    answers : tuple of str
        What it said.
    """

    scores: dict[str, float]
    right: tuple[float, ...]
    answers: tuple[str, ...] = ()

    @property
    def accuracy(self) -> float:
        """Share of the answers that are right."""
        return fmean(self.right)


@dataclass(frozen=True)
class Loss:
    """Points of accuracy, in percent, that a model is worse than the one that it was made of, on the same rows.

    Attributes
    ----------
    points : float
        Positive where it is worse.
    low, high : float
        Interval by resampling groups of rows.
    rows : int
        How many were asked.
    more : int
        About how many more would tell whether it keeps within the limit; 0 if these do.
    unit : str
        More of what.
    """

    points: float
    low: float
    high: float
    rows: int
    more: int = 0
    unit: str = "questions"

    def __str__(self) -> str:
        told = f"{self.points:.1f} points [{self.low:.1f}, {self.high:.1f}], n = {self.rows}"
        return f"{told}; undecided: about {self.more} more {self.unit} would tell" if self.more else told


@dataclass(frozen=True)
class Speed:
    """Time that one answer takes, the questions asked of both models in turn.

    Attributes
    ----------
    before, after : float
        Milliseconds an answer, the median of the questions.
    token_before, token_after : float
        Milliseconds a token of the answer, likewise.
    ratio : float
        Median of the ratios of the times a token, question by question; below 1 the new model is faster.
    """

    before: float
    after: float
    token_before: float
    token_after: float
    ratio: float

    def __str__(self) -> str:
        figures = (
            f"{self.after:.0f} ms an answer, and {self.before:.0f} ms before; "
            f"{self.token_after:.1f} ms a token, and {self.token_before:.1f} ms before"
        )
        if self.ratio > 1 + NOISE:
            return f"smaller but slower: {figures}"
        return f"smaller but no faster: {figures}" if self.ratio > 1 - NOISE else f"faster: {figures}"


def ask_rows(use_case: UseCase, model: Any, tokenizer: Any, facts: Mapping[str, Any], rows: Sequence[Row]) -> Asked:
    """Ask a model all rows, and score each answer."""
    found = use_case.evaluate(model, tokenizer, facts, rows)
    measure = next(name for name in use_case.wording.measures if name in found.each)
    return Asked(found.scores(), tuple(found.each[measure]), found.answers)


def loss_of(before: Asked, after: Asked, rows: Sequence[Row], settings: EvaluationConfig, limit: float) -> Loss:
    """Compare two models row by row; rows of one document are drawn together, since they are alike.

    Parameters
    ----------
    limit : float
        Most points that may be lost.
    """
    from ..evaluation.comparing import Measure, compare_examples
    from ..evaluation.pairing import Shared
    from ..evaluation.records import Example
    from ..evaluation.verdicts import fewest_groups

    first, second = (
        tuple(
            Example(
                question=row.question,
                context=row.context,
                expected=row.answer,
                answer=answer,
                group=row.document,
                scores={_RIGHT: right},
            )
            for row, answer, right in zip(rows, asked.answers or [""] * len(rows), asked.right, strict=True)
        )
        for asked in (before, after)
    )
    least = limit / 100 or settings.least_difference
    rules = settings.model_copy(update={"least_difference": least})
    measure = Measure(_RIGHT, "right answers", greater_is_better=True)
    found = compare_examples(Shared(first, second, (0, 0)), [measure], rules)[_RIGHT]
    low, high = (-100.0, 100.0) if found.low is None or found.high is None else (-100 * found.high, -100 * found.low)
    points = -100 * found.difference
    more = 0
    if found.ties == found.rows or found.groups < fewest_groups(settings.level):  # an interval of them says too little
        more = found.more
    elif points <= limit < high:
        more = found.needed_for(limit / 100) or 0
    return Loss(points + 0.0, low + 0.0, high + 0.0, found.rows, more, found.unit)


def time_answers(before: Any, after: Any, tokenizer: Any, rows: Sequence[Row], max_new_tokens: int) -> Speed:
    """Ask two models each question, now one first and now the other: what else the machine does slows both."""
    taken: dict[str, list[float]] = {"before": [], "after": []}
    a_token: dict[str, list[float]] = {"before": [], "after": []}
    models = [("before", before), ("after", after)]
    for number, row in enumerate([rows[0], *rows]):
        for name, model in models:
            started = time.perf_counter()
            answer = generate(model, tokenizer, [(row.context, row.question)], max_new_tokens=max_new_tokens)[0]
            milliseconds = 1000 * (time.perf_counter() - started)
            if number:  # the first question of all warms up
                tokens = 1 + len(tokenizer(answer, add_special_tokens=False)["input_ids"])  # with the one that ends it
                taken[name].append(milliseconds)
                a_token[name].append(milliseconds / min(tokens, max_new_tokens))
        models.reverse()
    ratios = [new / old for old, new in zip(a_token["before"], a_token["after"], strict=True)]
    answers, tokens_each = ([median(times[name]) for name in ("before", "after")] for times in (taken, a_token))
    return Speed(answers[0], answers[1], tokens_each[0], tokens_each[1], median(ratios))
