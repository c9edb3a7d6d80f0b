"""What is wrong with a configuration: every fault at once, each with its place and key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import ProjectError


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `where` is a file with its line, a variable, or an option; `key` may be empty."""

    where: str
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class ConfigError(ProjectError):
    """A configuration that can't be used.

    Attributes
    ----------
    problems
        Each fault, in the order of the layers.
    """

    @classmethod
    def of(cls, where: str, message: str, *, key: str = "", hint: str = "") -> ConfigError:
        """Make an error of one fault."""
        return cls([Problem(where, key, message, hint)])

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            super().__init__(str(self.problems[0]), hint=self.problems[0].hint)
        else:
            lines = [f"  {p}\n    hint: {p.hint}" if p.hint else f"  {p}" for p in self.problems]
            super().__init__("\n".join([f"the configuration has {len(self.problems)} faults", *lines]))
