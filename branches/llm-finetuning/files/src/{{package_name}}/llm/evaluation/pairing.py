"""Putting the answers of two models to the same questions beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..errors import DataError
from .records import Example


class Shared(NamedTuple):
    """The answers of two models to the same questions.

    Attributes
    ----------
    first, second
        Their answers, in one order.
    alone
        How many questions only the first was asked, and only the second.
    row, group
        What a question is called, and what several are about.
    """

    first: tuple[Example, ...]
    second: tuple[Example, ...]
    alone: tuple[int, int]
    row: str = "question"
    group: str = "document"


def shared_examples(
    first: Sequence[Example], second: Sequence[Example], refused: DataError, words: tuple[str, str]
) -> Shared:
    """Find the questions that two models were both asked. One that was asked several times is paired in its order.

    Parameters
    ----------
    words : tuple of str
        What a question is called, and what several are about.

    Raises
    ------
    DataError
        As given, if they were asked nothing alike.
    """
    known, asked = dict(_numbered(first)), dict(_numbered(second))
    both = [key for key in asked if key in known]
    if not both:
        raise refused
    alone = len(known) - len(both), len(asked) - len(both)
    return Shared(tuple(known[key] for key in both), tuple(asked[key] for key in both), alone, *words)


def _numbered(examples: Sequence[Example]) -> Iterator[tuple[tuple[str, int], Example]]:
    """Tell examples apart by what was asked, and by how often it was before."""
    seen: Counter[str] = Counter()
    for example in examples:
        key = example.key
        yield (key, seen[key]), example
        seen[key] += 1
