"""Conversations that a model learns from: a question and a call of the tool, and of some what it gives and the answer.

Customers and values are made up, so that no value of the store is learned by heart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from ...agents.frameworks.replies import as_turns
from ...llm.data.examples import Example, Message
from ...llm.data.splits import Splits
from .topics import STRANGE, TOPICS, UNKNOWN, Topic

TOOL = "lookup"
_CUSTOMERS = 30_000
_STRANGE = 0.1  # share of questions that no feature answers
_MISSING = 0.05  # share of values that are not there
_CALLS = 0.5  # share of questions that end with the call: which feature is meant is harder to learn than to word it
_VALIDATION = 20  # rows for one of validation


def make_rows(rows: int, seed: int) -> Splits[Example]:
    """Make rows of all topics in turn.

    Parameters
    ----------
    rows : int
        How many, of which one in twenty is for validation.
    seed : int
        Of wordings, customers and values.
    """
    chance = np.random.default_rng(seed)
    made = tuple(_row(TOPICS[number % len(TOPICS)], chance) for number in range(rows))
    return Splits(made[rows // _VALIDATION :], made[: rows // _VALIDATION], ())


def _row(topic: Topic, chance: np.random.Generator) -> Example:
    customer = _any_length(chance, _CUSTOMERS)
    if chance.random() < _STRANGE:
        said: list[AnyMessage] = [HumanMessage(_one_of(STRANGE, chance).format(id=customer)), AIMessage(UNKNOWN)]
    else:
        said = _asked(topic, customer, _value(topic, chance), chance)
        said = said[:2] if chance.random() < _CALLS else said
    return Example(tuple(Message(one["role"], one["content"]) for one in as_turns(said)), topic=topic.feature)


def _asked(topic: Topic, customer: int, value: float | None, chance: np.random.Generator) -> list[AnyMessage]:
    call: dict[str, Any] = {"customer": customer, "feature": topic.feature}
    return [
        HumanMessage(_one_of(topic.wordings, chance).format(id=customer)),
        AIMessage("", tool_calls=[{"name": TOOL, "args": call, "id": "1"}]),
        ToolMessage(topic.tell(value), tool_call_id="1", name=TOOL),
        AIMessage(topic.answer(customer, value)),
    ]


def _one_of(texts: tuple[str, ...], chance: np.random.Generator) -> str:
    return texts[int(chance.integers(len(texts)))]


def _value(topic: Topic, chance: np.random.Generator) -> float | None:
    if topic.places and chance.random() < _MISSING:
        return None
    return float(chance.lognormal(3.5, 1.2)) if topic.places else _any_length(chance, 300) - 1


def _any_length(chance: np.random.Generator, most: int) -> int:
    """Draw from 1 to `most`, so that numbers of each length are about as frequent."""
    return max(1, round(float(np.exp(chance.uniform(0.0, np.log(most))))))
