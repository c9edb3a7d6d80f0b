"""Calls with the arguments that they should have, of which several values may be right."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, JsonValue

from ..tasks import Record, Step

_LOOSE = re.compile(r"[ ,./\-_*^'\"]")
_OPTIONAL = ""  # among the values of an argument it says that the argument may be missing


class Expected(Record):
    """A call that should be made.

    Attributes
    ----------
    arguments
        By name the values that are right; an empty text among them says that the argument may be missing. Texts are
        compared without capitals, spaces and signs, numbers by value, and an object has such lists for its members.
    """

    tool: str
    arguments: dict[str, list[JsonValue]] = Field(default_factory=dict)

    def fits(self, step: Step) -> bool:
        """Say whether a call is this one."""
        return step.name == self.tool and isinstance(step.input, dict) and _fits_object(step.input, self.arguments)


class ArgumentsCheck(Record):
    """Calls that were made, with their arguments, in any order, and no others. Those that failed do not count."""

    kind: Literal["arguments"]
    calls: tuple[Expected, ...]

    def fault_of(self, steps: tuple[Step, ...]) -> str:
        """Say what is wrong with the calls of an attempt."""
        left = [step for step in steps if step.kind == "tool" and not step.error]
        for expected in self.calls:
            found = next((step for step in left if expected.fits(step)), None)
            if found is None:
                made = ", ".join(f"{step.name} {step.input}" for step in left) or "none"
                return f"no call was {expected.tool} with what it should have; there were: {made}"
            left.remove(found)
        return f"{', '.join(step.name for step in left)} should not have been called" if left else ""


def _fits_object(given: dict[str, JsonValue], accepted: dict[str, list[JsonValue]]) -> bool:
    if any(name not in accepted for name in given):
        return False
    return all(
        any(_same(given[name], value) for value in values) if name in given else _OPTIONAL in values
        for name, values in accepted.items()
    )


def _same(given: JsonValue, right: JsonValue) -> bool:
    if isinstance(given, str) and isinstance(right, str):
        return _LOOSE.sub("", given).casefold() == _LOOSE.sub("", right).casefold()
    if isinstance(given, dict) and isinstance(right, dict):
        return _fits_object(given, {name: _as_list(value) for name, value in right.items()})
    if isinstance(given, list) and isinstance(right, list):
        return len(given) == len(right) and all(map(_same, given, right))
    return given == right and isinstance(given, bool) is isinstance(right, bool)


def _as_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]
