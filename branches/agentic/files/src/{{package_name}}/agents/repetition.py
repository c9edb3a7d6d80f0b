"""Loops: the same calls with the same outcome, again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Mark = TypeVar("Mark")

_LONGEST = 4  # calls of a circle


def repeats(steps: Sequence[Mapping[str, Any]], agent: str, most: int) -> str:
    """Tell whether an agent goes in a circle: one to four calls that came `most` times in a row with equal outcome.

    A call whose outcome changes, such as the look at a job that runs, is none.

    Examples
    --------
    >>> step = {"agent": "a", "kind": "tool", "name": "look", "input": {}, "output": 1, "error": ""}
    >>> repeats([step] * 3, "a", 3)
    'look was called 3 times in a row with the same arguments and outcome'
    """
    longest = _LONGEST * most
    own = [step for step in steps[-2 * longest :] if step["agent"] == agent and step["kind"] == "tool"][-longest:]
    marks = [(step["name"], step["input"], step["output"], step["error"]) for step in own]
    found = circle(marks, most)
    names = " → ".join(mark[0] for mark in found)
    return f"{names} was called {most} times in a row with the same arguments and outcome" if found else ""


def circle(marks: Sequence[Mark], most: int) -> Sequence[Mark]:
    """Give the shortest circle, of one to four marks, that came `most` times in a row at the end; nothing if none did.

    Examples
    --------
    >>> circle(["x", "a", "b", "a", "b"], 2)
    ['a', 'b']
    """
    for length in range(1, _LONGEST + 1):
        last = marks[-length:]
        if len(marks) >= length * most and all(
            marks[len(marks) - (turn + 1) * length : len(marks) - turn * length] == last for turn in range(most)
        ):
            return last
    return []
