"""The regression gate: a model passes if it has lost nothing that matters against another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ...config.settings import one_of
from ..config import EvaluationConfig
from ..errors import DataError
from .comparing import Comparison, Measure, Rules, compare_examples, shared_examples
from .estimates import LOSS
from .forgetting import BASE_TASK
from .records import EvaluationReport, Example

Outcome = Literal["passed", "failed", "undecided"]
_KEPT = 50
"""Answers that got worse, of each measure."""


class Worse(BaseModel):
    """An answer that got worse."""

    model_config = ConfigDict(frozen=True)

    measure: str
    question: str
    context: str
    expected: str
    before: str
    after: str
    lost: float


class Check(BaseModel):
    """One condition of the gate.

    Attributes
    ----------
    limit
        What the measure may be worse by.
    """

    model_config = ConfigDict(frozen=True)

    measure: str
    limit: float
    outcome: Outcome
    detail: str


class Contrast(BaseModel):
    """Two models on the same questions.

    Attributes
    ----------
    comparisons
        By the name of the measure; the first is the one that counts.
    checks
        Those of the gate, where it was asked.
    worse
        Answers of the second model that are worse, by measure and the worst first; of each measure the first 50.
    fell
        How many answers are worse, by the name of the measure, where any is.
    row
        What one thing that they were asked is called.
    """

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    asked: str
    created: str
    level: float
    comparisons: dict[str, Comparison]
    checks: tuple[Check, ...] = ()
    worse: tuple[Worse, ...]
    fell: dict[str, int]
    row: str

    @property
    def failed(self) -> bool:
        """Whether the gate is closed."""
        return any(check.outcome == "failed" for check in self.checks)


def contrast(first: EvaluationReport, second: EvaluationReport, settings: EvaluationConfig) -> Contrast:
    """Compare two models by all measures that both have, on all questions that both were asked.

    Raises
    ------
    DataError
        If they were asked nothing alike.
    """
    rules = Rules(samples=settings.samples, level=settings.level, least_difference=settings.least_difference)
    answers = shared_examples(first.examples, second.examples, (first.model, second.model))
    of_base = None
    if first.base_task and second.base_task:
        of_base = shared_examples(first.base_task, second.base_task, (first.model, second.model))
    comparisons, worse, fell = {}, [], {}
    for name, score in second.scores.items():
        pair = of_base if name == BASE_TASK else answers
        known = pair is not None and (name == LOSS or all(name in side[0].scores for side in pair))
        if pair is None or not known:
            continue
        sign = 1 if score.greater_is_better else -1
        comparisons[name] = compare_examples(*pair, Measure(name, score.label, score.greater_is_better), rules)
        if name == LOSS:
            continue
        lost = [
            _worse(before, after, name, sign * (before.scores[name] - after.scores[name]))
            for before, after in zip(*pair, strict=True)
            if sign * after.scores[name] < sign * before.scores[name]
        ]
        if lost:
            fell[name] = len(lost)
            worse += sorted(lost, key=lambda one: -one.lost)[:_KEPT]
    return Contrast(
        first=first.model,
        second=second.model,
        asked=second.asked,
        created=second.created,
        level=settings.level,
        comparisons=comparisons,
        worse=tuple(worse),
        fell=fell,
        row=second.row,
    )


def judge(found: Contrast, limits: Mapping[str, float], *, strict: bool) -> Contrast:
    """Hold the second model to what it may be worse by than the first.

    Parameters
    ----------
    limits : mapping of str to float
        By the name of the measure.
    strict : bool
        Whether what is undecided fails too.

    Raises
    ------
    DataError
        If there is no such measure.
    """
    checks = []
    for name, limit in limits.items():
        comparison = found.comparisons.get(name)
        if comparison is not None:
            checks.append(_check(name, comparison, limit, strict=strict))
        elif name != BASE_TASK:
            hint = one_of(name, list(found.comparisons))
            raise DataError(f"llm.evaluation.gate.most_lost names {name!r}, which was not measured of both", hint=hint)
    return found.model_copy(update={"checks": tuple(checks)})


def _check(name: str, found: Comparison, limit: float, *, strict: bool) -> Check:
    if found.low >= -limit:
        outcome: Outcome = "passed"
        detail = f"{found.label}: {found.difference:+.3f}, at worst {found.low:+.3f}; may be {-limit:+.3f}"
    elif found.difference < -limit:
        outcome = "failed"
        detail = f"{found.label}: {found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f}); may be {-limit:+.3f}"
    else:
        outcome = "failed" if strict else "undecided"
        detail = (
            f"{found.label}: {found.difference:+.3f}, but perhaps {found.low:+.3f}; may be {-limit:+.3f}; "
            f"undecided: about {found.needed_for(limit)} more questions would tell"
        )
    return Check(measure=name, limit=limit, outcome=outcome, detail=detail)


def _worse(before: Example, after: Example, measure: str, lost: float) -> Worse:
    return Worse(
        measure=measure,
        question=after.question,
        context=after.context,
        expected=after.expected,
        before=before.answer,
        after=after.answer,
        lost=lost,
    )
