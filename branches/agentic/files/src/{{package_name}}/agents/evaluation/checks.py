"""What a case checks: each check says what is wrong with a result, or nothing."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, field_validator

from ..jsonable import as_text
from ..tasks import Limits, Record, Status, TaskResult
from .expected import ArgumentsCheck

_NUMBER = re.compile(r"(?<![\w.-])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_MISSING = object()


class Outcome(Record):
    """What checks look at.

    Attributes
    ----------
    folder
        In which each task has its folder of files: that of the case, and those of agents that were asked for help.
    verdicts
        What judges find wrong, by what the answer must be like.
    """

    result: TaskResult
    folder: Path
    verdicts: dict[str, str] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """The output as text."""
        return as_text(self.result.output)

    @property
    def calls(self) -> list[str]:
        """The tools that were called and did not fail, in order."""
        return [step.name for step in self.result.steps if step.kind == "tool" and not step.error]


class StatusCheck(Record):
    """How the task ended."""

    kind: Literal["status"]
    status: Status

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        result = outcome.result
        reason = f" ({result.reason})" if result.reason else ""
        return "" if result.status is self.status else f"it ended as {result.status}{reason}, not as {self.status}"


class ContainsCheck(Record):
    """Text that the output holds."""

    kind: Literal["contains"]
    text: str = Field(min_length=1)
    ignore_case: bool = False

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        wanted, said = (self.text.lower(), outcome.text.lower()) if self.ignore_case else (self.text, outcome.text)
        return "" if wanted in said else f"the output does not hold {self.text!r}"


class MatchesCheck(Record):
    """A regular expression that is found in the output."""

    kind: Literal["matches"]
    pattern: str = Field(min_length=1)

    @field_validator("pattern")
    @classmethod
    def _is_one(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return pattern

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        return "" if re.search(self.pattern, outcome.text) else f"the output does not match {self.pattern!r}"


class EqualsCheck(Record):
    """The output, or what is at a place of it, as a JSON Pointer (RFC 6901) names it."""

    kind: Literal["equals"]
    value: JsonValue
    at: str = ""

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        found = at_pointer(outcome.result.output, self.at)
        if found is _MISSING:
            return f"the output has no {self.at}"
        same = found == self.value and isinstance(found, bool) is isinstance(self.value, bool)
        return "" if same else f"{self.at or 'the output'} is {found!r}, not {self.value!r}"


class NumberCheck(Record):
    """A number that the output holds, or that is at a place of it, within a tolerance."""

    kind: Literal["number"]
    value: float
    tolerance: float = Field(default=0, ge=0)
    at: str = ""

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        found = at_pointer(outcome.result.output, self.at) if self.at else outcome.result.output
        if found is _MISSING:
            return f"the output has no {self.at}"
        numbers = numbers_in(found)
        if any(abs(number - self.value) <= self.tolerance for number in numbers):
            return ""
        within = f" within {self.tolerance:g}" if self.tolerance else ""
        return f"{self.at or 'the output'} does not hold the number {self.value:g}{within}"


class CallsCheck(Record):
    """Tools that were called. Calls that failed or were refused do not count.

    Attributes
    ----------
    order
        `exact`: these calls and no others; `in_order`: these in their order, others between them; `any`: these, in any
        order, with others.
    """

    kind: Literal["calls"]
    tools: tuple[str, ...]
    order: Literal["exact", "in_order", "any"] = "in_order"

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        made = outcome.calls
        fits = {"exact": made == list(self.tools), "in_order": _in_order(self.tools, made)}
        fits["any"] = not Counter(self.tools) - Counter(made)
        words = {"exact": "exactly", "in_order": "in this order", "any": "in any order"}[self.order]
        wanted = ", ".join(self.tools) or "none"
        return "" if fits[self.order] else f"the calls were {', '.join(made) or 'none'}, not {words} {wanted}"


class NeverCheck(Record):
    """Tools of which no call may go through."""

    kind: Literal["never"]
    tools: tuple[str, ...] = Field(min_length=1)

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        made = [name for name in outcome.calls if name in self.tools]
        return f"{', '.join(sorted(set(made)))} went through" if made else ""


class FileCheck(Record):
    """A file of the task's folder, or its absence."""

    kind: Literal["file"]
    path: str
    exists: bool = True
    contains: str = ""

    @field_validator("path")
    @classmethod
    def _is_inside(cls, path: str) -> str:
        return inside(path)

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        found = [path for path in sorted(outcome.folder.glob(f"*/{glob.escape(self.path)}")) if path.is_file()]
        if bool(found) is not self.exists:
            return f"there is {'no' if self.exists else 'a'} file {self.path}"
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in found]
        if self.contains and not any(self.contains in text for text in texts):
            return f"{self.path} does not hold {self.contains!r}"
        return ""


class UsageCheck(Record):
    """What the attempt may have used up, so that a task that is done at ten times the price is noticed."""

    kind: Literal["usage"]
    most: Limits

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        used, most = outcome.result.usage, self.most
        limits = (
            ("steps", used.steps, most.steps),
            ("tokens", used.tokens, most.tokens),
            ("seconds", used.seconds, most.seconds),
            ("US dollars", used.cost, most.money),
        )
        over = [f"{is_:g} {what} of {limit:g}" for what, is_, limit in limits if limit is not None and is_ > limit]
        return f"it used {', '.join(over)}" if over else ""


class JudgedCheck(Record):
    """What the answer must be like, in words, by the vote of the suite's judges."""

    kind: Literal["judged"]
    that: str = Field(min_length=1)

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        verdict = outcome.verdicts.get(self.that, "nobody judged it")
        return f"not judged to be so: {self.that} {verdict}" if verdict else ""


class CalledCheck(ArgumentsCheck):
    """Calls that were made, with their arguments."""

    def fault(self, outcome: Outcome) -> str:
        """Say what is wrong."""
        return self.fault_of(outcome.result.steps)


Check = Annotated[
    StatusCheck
    | ContainsCheck
    | MatchesCheck
    | EqualsCheck
    | NumberCheck
    | CallsCheck
    | NeverCheck
    | FileCheck
    | UsageCheck
    | JudgedCheck
    | CalledCheck,
    Field(discriminator="kind"),
]


def inside(path: str) -> str:
    """Give a path back if it stays in its folder.

    Raises
    ------
    ValueError
        If it leaves it.
    """
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or parts[0] == "/":
        raise ValueError(f"{path!r} is not in the folder of the task")
    return path


def at_pointer(value: JsonValue, pointer: str) -> Any:
    """Give what a JSON Pointer names."""
    found: Any = value
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return _MISSING
    return found


def numbers_in(value: JsonValue) -> list[float]:
    """Give the numbers of a text, or of JSON.

    Examples
    --------
    >>> numbers_in("1,284 of 2000 rows, AUC 0.97; model-3")
    [1284.0, 2000.0, 0.97]
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [float(value)]
    return [float(found.replace(",", "")) for found in _NUMBER.findall(as_text(value))]


def _in_order(wanted: Sequence[str], made: Sequence[str]) -> bool:
    left = iter(made)
    return all(name in left for name in wanted)
