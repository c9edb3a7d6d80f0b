"""What the store keeps of answers, and gives back."""

from __future__ import annotations

from typing import NamedTuple


class Answer(NamedTuple):
    """An answer of a variant.

    Attributes
    ----------
    pair : str
        The response that a shadow's answer goes with, or its own.
    text : str or None
        None where it is not kept, which is to say not looked at later, or too long.
    """

    experiment: str
    variant: str
    unit: str
    time: float
    seconds: float
    first_seconds: float | None
    prompt_tokens: int
    completion_tokens: int
    failed: bool
    refused: bool
    response: str
    pair: str
    text: str | None
    agreement: float | None

    @property
    def asked(self) -> float:
        """When its request came."""
        return self.time - self.seconds


class Preference(NamedTuple):
    """Of two answers, the variant whose one was preferred first; `asked` is when the first of them was asked for."""

    better: str
    worse: str
    responses: tuple[str, str]
    units: tuple[str, str]
    asked: float
    time: float
    tied: bool


class Judged(NamedTuple):
    """An answer with what people said of it."""

    answer: Answer
    score: float | None
    thumb: str | None
    expected: str | None
