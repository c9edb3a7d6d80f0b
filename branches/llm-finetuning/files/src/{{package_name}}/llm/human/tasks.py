"""What people are asked: pairs of answers to the same question, from models whose names they do not see.

reports of several models → questions that all were asked → pairs of answers
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations

from pydantic import BaseModel, ConfigDict

from ..errors import DataError
from ..evaluation.pairing import shared_examples
from ..evaluation.records import EvaluationReport, Example
from .config import HumanConfig


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(_Part):
    """Two answers to one question.

    Attributes
    ----------
    question_id
        Names the question, as the key of an `Example` does; a question that was asked again has a number behind it.
    a, b
        Names of the models.
    group
        What the question is about; questions of one group are not independent.
    """

    question_id: str
    a: str
    b: str
    question: str
    context: str
    expected: str
    answer_a: str
    answer_b: str
    group: str

    @property
    def id(self) -> str:
        """What tells it from the same question about other models."""
        return _digest(self.question_id, self.a, self.b)[:16]

    @property
    def same(self) -> bool:
        """Whether the answers are alike, so that nobody need be asked."""
        return self.answer_a.split() == self.answer_b.split()


class Task(_Part):
    """What a task is about, and how it is asked.

    Attributes
    ----------
    scales
        What each answer is rated by, with an explanation.
    points
        The best that an answer can get.
    annotators
        How many people rate an item; 0 for all who take part.
    row
        What one thing that the models were asked is called.
    asked
        Where the questions are from.
    """

    name: str
    created: str
    models: tuple[str, ...]
    seed: int
    scales: dict[str, str]
    points: int
    annotators: int
    show_expected: bool
    row: str
    asked: str

    def order(self, annotator: str, items: Sequence[Item]) -> list[Item]:
        """Put items in the order in which somebody sees them."""
        return sorted(items, key=lambda one: _digest(str(self.seed), annotator, one.id))

    def swapped(self, annotator: str, item: Item) -> bool:
        """Say whether somebody sees the second answer of an item on the left."""
        return int(_digest("side", str(self.seed), annotator, item.id)[:2], 16) % 2 == 1


def make_task(
    name: str, reports: Sequence[EvaluationReport], settings: HumanConfig, questions: int = 0
) -> tuple[Task, list[Item]]:
    """Pair the answers of models to the questions that all of them were asked.

    Parameters
    ----------
    name : str
        What the task is called.
    reports : sequence of EvaluationReport
        One for each model, two or more.
    settings : HumanConfig
        How people are asked.
    questions : int
        How many, drawn at random; 0 for all.

    Raises
    ------
    DataError
        If two reports are of one model, two models were asked nothing alike, or all their answers are the same.
    """
    models = [report.model for report in reports]
    twice = sorted({model for model in models if models.count(model) > 1})
    if twice:
        raise DataError(f"{twice[0]} is named twice", hint="name different models")
    if len(reports) == 1:
        raise DataError(f"{models[0]} stands alone", hint="name two models or more, to be compared")
    items = [item for first, second in combinations(reports, 2) for item in _pairs(first, second)]
    chosen = _chosen([item.question_id for item in items], settings.seed, questions)
    items = [item for item in items if item.question_id in chosen]
    if all(item.same for item in items):
        raise DataError(f"the models give the same answers to all {len(chosen)} questions", hint="ask more, or others")
    task = Task(
        name=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        models=tuple(models),
        seed=settings.seed,
        scales={scale.name: scale.explanation for scale in settings.scales},
        points=settings.points,
        annotators=settings.annotators,
        show_expected=settings.show_expected,
        row=reports[0].row,
        asked=reports[0].asked,
    )
    return task, items


def _pairs(first: EvaluationReport, second: EvaluationReport) -> list[Item]:
    refused = DataError(
        f"{first.model} and {second.model} were asked no question alike",
        hint="evaluate both on the same dataset, with --dataset",
    )
    shared = shared_examples(first.examples, second.examples, refused, (second.row, second.group))
    seen: dict[str, int] = {}
    found = []
    for one, other in zip(shared.first, shared.second, strict=True):
        seen[one.key] = seen.get(one.key, 0) + 1
        found.append(_item(one, other, (first.model, second.model), seen[one.key]))
    return found


def _item(first: Example, second: Example, models: tuple[str, str], times: int) -> Item:
    return Item(
        question_id=first.key if times == 1 else f"{first.key}-{times}",
        a=models[0],
        b=models[1],
        question=first.question,
        context=first.context,
        expected=first.expected,
        answer_a=first.answer,
        answer_b=second.answer,
        group=first.group,
    )


def _chosen(ids: Sequence[str], seed: int, most: int) -> set[str]:
    known = sorted(set(ids), key=lambda one: _digest("question", str(seed), one))
    return set(known[: most or None])


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
