"""Conversations and preferences: what a dataset holds beside question-answer pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..inference import prompt_messages
from .pairs import Pair

ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class Message:
    """What one side of a conversation said."""

    role: str
    content: str


@dataclass(frozen=True)
class Example:
    """A conversation that ends with an answer, and perhaps a worse answer.

    Attributes
    ----------
    messages : tuple of Message
        The conversation; the last message is the answer.
    rejected : str
        An answer that is not to be given; empty where there is none.
    document, topic : str
        What it was made from. Examples of one document stay in one split.
    rule : str
        How it was made.
    """

    messages: tuple[Message, ...]
    rejected: str = ""
    document: str = ""
    topic: str = ""
    rule: str = "import"

    @property
    def question(self) -> str:
        """Everything before the answer."""
        return "\n".join(message.content for message in self.messages[:-1])

    @property
    def context(self) -> str:
        """Nothing: all that is shown stands in the messages."""
        return ""

    @property
    def answer(self) -> str:
        """What the model is to say."""
        return self.messages[-1].content

    @property
    def identity(self) -> tuple[str, str]:
        """Question and answer without regard to case: what must not be in two splits."""
        return self.question.casefold(), self.answer.casefold()

    def as_record(self) -> dict[str, Any]:
        """Give the example as plain data."""
        return asdict(self)


Row = Pair | Example
"""One row of a dataset."""


def conversation(row: Row) -> list[dict[str, str]]:
    """Give a row as a conversation that ends with its answer.

    Examples
    --------
    >>> conversation(Example((Message("user", "Hello"), Message("assistant", "Hi"))))
    [{'role': 'user', 'content': 'Hello'}, {'role': 'assistant', 'content': 'Hi'}]
    """
    if isinstance(row, Example):
        return [asdict(message) for message in row.messages]
    return [*prompt_messages(row.context, row.question), {"role": "assistant", "content": row.answer}]


def row_of(record: Mapping[str, Any]) -> Row:
    """Make a row of what `as_record` gave."""
    if "messages" in record:
        names = {field.name for field in fields(Example)}
        known = {name: value for name, value in record.items() if name in names}
        return Example(**{**known, "messages": tuple(Message(**message) for message in record["messages"])})
    names = {field.name for field in fields(Pair)}
    return Pair(**{name: value for name, value in record.items() if name in names})
