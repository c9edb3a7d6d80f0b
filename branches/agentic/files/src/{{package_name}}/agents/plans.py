"""Plans: lines of text that a model wrote, one step each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .messages import Packed

_BULLET = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+")
_MOST_STEPS = 30


def plan_of(text: str) -> list[str]:
    r"""Read the steps of a plan: its numbered lines, or all its lines where none is numbered.

    Examples
    --------
    >>> plan_of("My plan:\n1. profile the data\n2) train")
    ['profile the data', 'train']
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    numbered = [_BULLET.sub("", line).strip() for line in lines if _BULLET.match(line)]
    return (numbered or lines)[:_MOST_STEPS]


def failed_since(messages: Sequence[Packed]) -> bool:
    """Tell whether one of the calls that were made last failed."""
    for message in reversed(messages):
        if message["type"] != "tool":
            return False
        if message["failed"]:
            return True
    return False
