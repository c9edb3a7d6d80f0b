"""The regression gate: a model passes if it has lost nothing that matters against another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ...config.settings import one_of
from ..errors import DataError
from .comparing import Measure, compare_examples
from .config import EvaluationConfig
from .estimates import LOSS
from .forgetting import BASE_TASK
from .pairing import Shared, shared_examples
from .records import EvaluationReport, Example
from .verdicts import LEAST, Comparison, fewest_groups, groups_without_loss

_MOST_ALONE = 0.05
"""Share of the questions of a model that the other need not have been asked."""
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
    refused = DataError(
        f"{first.model} and {second.model} were asked no {second.row} alike",
        hint="evaluate both on the same dataset, with --dataset",
    )
    answers = shared_examples(first.examples, second.examples, refused, (second.row, second.group))
    measures = _measures(second, answers)
    comparisons = compare_examples(answers, measures, settings)
    worse = {one.name: _got_worse(answers, one) for one in measures}
    if first.base_task and second.base_task:
        refused = DataError(
            f"{first.model} and {second.model} were asked other base tasks",
            hint="evaluate both with the same llm.evaluation.base_task",
        )
        of_base = shared_examples(first.base_task, second.base_task, refused, ("answer", "row"))
        task = Measure(BASE_TASK, second.scores[BASE_TASK].label, True)
        comparisons |= compare_examples(of_base, [task], settings)
        worse[BASE_TASK] = _got_worse(of_base, task)
    return Contrast(
        first=first.model,
        second=second.model,
        asked=second.asked,
        created=second.created,
        level=settings.level,
        comparisons=comparisons,
        worse=tuple(one for lost in worse.values() for one in lost[:_KEPT]),
        fell={name: len(lost) for name, lost in worse.items() if lost},
        row=second.row,
    )


def _measures(report: EvaluationReport, shared: Shared) -> list[Measure]:
    """Give those that both have of single answers, and the loss."""
    return [
        Measure(name, score.label, score.greater_is_better)
        for name, score in report.scores.items()
        if name == LOSS or all(name in side[0].scores for side in shared[:2])
    ]


def _got_worse(shared: Shared, measure: Measure) -> list[Worse]:
    name, sign = measure.name, 1 if measure.greater_is_better else -1
    if name == LOSS:
        return []
    pairs = zip(shared.first, shared.second, strict=True)
    lost = ((before, after, sign * (before.scores[name] - after.scores[name])) for before, after in pairs)
    found = [_worse(before, after, name, by) for before, after, by in lost if by > 0]
    return sorted(found, key=lambda one: -one.lost)


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
        If there is no such measure, or no limit.
    """
    if not limits:
        hint = "llm.evaluation.gate.most_lost names measures, and what each may be worse by"
        raise DataError("the gate has no limits", hint=hint)
    checks = []
    for name, limit in limits.items():
        comparison = found.comparisons.get(name)
        if comparison is not None:
            outcome, detail = _judged(comparison, limit, found.level)
        elif name == BASE_TASK:
            outcome, detail = "undecided", "Base task: undecided: it was not measured of both"
        else:
            hint = one_of(name, list(found.comparisons))
            raise DataError(f"llm.evaluation.gate.most_lost names {name!r}, which was not measured of both", hint=hint)
        closed = strict and outcome == "undecided"
        checks.append(Check(measure=name, limit=limit, outcome="failed" if closed else outcome, detail=detail))
    return found.model_copy(update={"checks": tuple(checks)})


def _judged(found: Comparison, limit: float, level: float) -> tuple[Outcome, str]:
    """Say whether a difference is above a limit below zero for sure, or below it for sure, or what would tell."""
    told = f"{found.label}: {found.difference:+.3f} ({found.interval}); may be {-limit:+.3f}"
    missing = max(count / (found.rows + count) for count in found.alone)
    if missing > _MOST_ALONE:
        return "undecided", f"{told}; undecided: {missing:.0%} of the {found.row}s were asked of one model only"
    if found.low is None or found.high is None:
        return "undecided", f"{told}; undecided: all {found.row}s are about one {found.group}"
    is_worse = found.verdict == "worse" and found.difference < -limit - LEAST
    if found.high < -limit - LEAST or is_worse:
        return "failed", told
    wanted = _wanted(found, limit, level)
    if found.low >= -limit - LEAST:
        if found.groups >= wanted:
            return "passed", told
        more: int | None = wanted - found.groups
    else:
        more = found.needed_for(limit)
    if more is None:
        return "undecided", f"{told}; undecided: no number of {found.unit} would tell, it is at the limit"
    return "undecided", f"{told}; undecided: about {more} more {found.unit} would tell"


def _wanted(found: Comparison, limit: float, level: float) -> int:
    """Say how many groups it takes to pass: more where nothing was lost, as drawing anew then finds no loss either."""
    fewest = fewest_groups(level)
    if found.lost or found.verdict in ("better", "equal"):
        return fewest
    return max(fewest, groups_without_loss(level, limit)) if limit > 0 else found.groups + found.more


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
