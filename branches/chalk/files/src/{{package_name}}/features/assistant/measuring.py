"""Asking what is known beforehand: how often the assistant is right, silent or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .answering import Answered, Assistant
from .topics import SET, STRANGE_UNSEEN, TOPICS, UNKNOWN

Kind = Literal["wordings that it learned", "other wordings", "what no feature answers"]
Outcome = Literal["right", "withheld", "wrong"]
_AT_ONCE = 4


@dataclass(frozen=True)
class Question:
    """A question, and the feature that answers it; None if there is none."""

    text: str
    kind: Kind
    customer: int
    feature: str | None


@dataclass(frozen=True)
class Marked:
    """A question with its answer.

    Attributes
    ----------
    outcome
        `right`: what was asked for, in the words that were learned. `withheld`: the check let no answer through, so
        nobody was misled. `wrong`: all numbers hold, but it is not what was asked for.
    """

    question: Question
    answered: Answered
    outcome: Outcome


def make_questions(customers: Sequence[int], each: int, seed: int) -> list[Question]:
    """Word questions about customers.

    Parameters
    ----------
    customers : sequence of int
        Whom to ask about.
    each : int
        Questions of each topic in wordings that were learned, and as many in others.
    seed : int
        Of wordings and customers.
    """
    chance = np.random.default_rng(seed)

    def word(wordings: Sequence[str], kind: Kind, feature: str | None) -> list[Question]:
        drawn = [(wordings[number % len(wordings)], int(chance.choice(customers))) for number in range(each)]
        return [Question(text.format(id=customer), kind, customer, feature) for text, customer in drawn]

    made = [
        question
        for topic in TOPICS
        for question in (
            *word(topic.wordings, "wordings that it learned", topic.feature),
            *word(topic.unseen, "other wordings", topic.feature),
        )
    ]
    return [*made, *word(STRANGE_UNSEEN, "what no feature answers", None)]


def ask_all(assistant: Assistant, questions: Sequence[Question]) -> list[Marked]:
    """Ask questions, some at a time, and mark the answers."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="questions") as pool:
        answers = pool.map(lambda one: assistant.ask(one.text), questions)
        return [Marked(one, answer, _outcome(one, answer)) for one, answer in zip(questions, answers, strict=True)]


def _outcome(question: Question, answer: Answered) -> Outcome:
    if answer.withheld:
        return "withheld"
    if question.feature is None:
        return "right" if answer.text == UNKNOWN else "wrong"
    meant = (answer.customer, answer.feature) == (question.customer, question.feature)
    return "right" if meant and answer.text == f"Customer {question.customer} [{SET}] {answer.found}." else "wrong"


def tamper(text: str) -> str:
    """Change the last digit of the last number that a text cites something for.

    Examples
    --------
    >>> tamper("Customer 7 [customer] spent 12.59 [customer.spend_30d] dollars.")
    'Customer 7 [customer] spent 12.54 [customer.spend_30d] dollars.'
    """
    end = text.rindex(" [customer.")
    changed = (int(text[end - 1]) + 5) % 10
    return f"{text[: end - 1]}{changed}{text[end:]}"
