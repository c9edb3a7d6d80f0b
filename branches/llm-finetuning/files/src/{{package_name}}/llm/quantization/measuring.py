"""What quantisation costs and brings: answers that were right before, and the time that an answer takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from ..inference import generate

if TYPE_CHECKING:
    from ..config import EvaluationConfig
    from ..data.examples import Row
    from ..use_case import UseCase

# Timings differ by so much from one run to the next.
NOISE = 0.05


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
    """

    points: float
    low: float
    high: float
    rows: int

    def __str__(self) -> str:
        return f"{self.points:.1f} points [{self.low:.1f}, {self.high:.1f}], n = {self.rows}"


@dataclass(frozen=True)
class Speed:
    """Time that one answer takes, the questions asked of both models in turn.

    Attributes
    ----------
    before, after : float
        Milliseconds, the median of the questions.
    ratio : float
        Median of the ratios, question by question; below 1 the new model is faster.
    """

    before: float
    after: float
    ratio: float

    def __str__(self) -> str:
        figures = f"{self.after:.0f} ms an answer, and {self.before:.0f} ms before"
        if self.ratio > 1 + NOISE:
            return f"smaller but slower: {figures}"
        return f"smaller but no faster: {figures}" if self.ratio > 1 - NOISE else f"faster: {figures}"


def ask_rows(use_case: UseCase, model: Any, tokenizer: Any, facts: Mapping[str, Any], rows: Sequence[Row]) -> Asked:
    """Ask a model all rows, and score each answer."""
    found = use_case.evaluate(model, tokenizer, facts, rows)
    measure = next(name for name in use_case.wording.measures if name in found.each)
    return Asked(found.scores(), tuple(found.each[measure]), found.answers)


def loss_of(before: Asked, after: Asked, rows: Sequence[Row], settings: EvaluationConfig) -> Loss:
    """Compare two models row by row; rows of one document are drawn together, since they are alike."""
    import numpy as np

    from ...models.bootstrap import Resampling

    lost = 100 * (np.asarray(before.right) - np.asarray(after.right))
    names: dict[str, int] = {}
    groups = np.array([names.setdefault(row.document, len(names)) for row in rows], dtype=np.int64)
    resampling = Resampling(settings.samples, settings.level, seed=0, groups=groups)
    low, high = resampling.interval(np.array([lost[chosen].mean() for chosen in resampling.draws(len(lost))]))
    return Loss(float(lost.mean()), low, high, len(lost))


def time_answers(before: Any, after: Any, tokenizer: Any, rows: Sequence[Row], max_new_tokens: int) -> Speed:
    """Ask two models each question in turn, so that what else the machine does slows both."""
    taken: dict[str, list[float]] = {"before": [], "after": []}
    for number, row in enumerate([rows[0], *rows]):
        for name, model in (("before", before), ("after", after)):
            started = time.perf_counter()
            generate(model, tokenizer, [(row.context, row.question)], max_new_tokens=max_new_tokens)
            if number:  # the first question of all warms up
                taken[name].append(1000 * (time.perf_counter() - started))
    ratios = [new / old for old, new in zip(taken["before"], taken["after"], strict=True)]
    return Speed(median(taken["before"]), median(taken["after"]), median(ratios))
