"""Suites: tasks with checks, as a YAML file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from ..agent_config import AgentConfig
from ..errors import AgentError
from ..jsonable import canonical
from ..tasks import Grant, Limits, Record, TaskSpec
from .checks import Check, JudgedCheck, inside
from .offers import Offer

_NAME = r"^[a-z0-9][a-z0-9_-]{0,59}$"
Shares = dict[int, float]


class Requirement(Record):
    """What a suite must reach, as the mean of its cases.

    Attributes
    ----------
    pass_at
        Least probability that at least one of so many attempts passes, by that number.
    pass_all
        Least probability that all of so many attempts pass, which is pass^k, by that number.
    """

    pass_at: Shares = Field(default_factory=dict)
    pass_all: Shares = Field(default_factory=dict)

    @field_validator("pass_at", "pass_all")
    @classmethod
    def _are_shares(cls, shares: Shares) -> Shares:
        if any(k < 1 or not 0 <= least <= 1 for k, least in shares.items()):
            raise ValueError("write a number of attempts and a share of them, such as {1: 0.9}")
        return shares


class Case(Record):
    """A task and what must come of it.

    Attributes
    ----------
    files
        Texts that are in the task's folder from the start, by their path.
    offers
        Tools that its agent has beside its own; they do nothing.
    agent
        Who does it, in place of the suite's.
    budget
        What an attempt may use up, in place of the suite's.
    """

    name: str = Field(pattern=_NAME)
    goal: str = Field(min_length=1)
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    answer_schema: dict[str, JsonValue] | None = None
    grants: tuple[Grant, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    agent: AgentConfig | None = None
    budget: Limits | None = None
    checks: tuple[Check, ...] = Field(min_length=1)

    @field_validator("files")
    @classmethod
    def _are_inside(cls, files: dict[str, str]) -> dict[str, str]:
        return {inside(path): text for path, text in files.items()}

    @property
    def judged(self) -> list[str]:
        """What judges are asked of an attempt."""
        return [check.that for check in self.checks if isinstance(check, JudgedCheck)]

    @property
    def digest(self) -> str:
        """What tells whether two reports speak of the same case."""
        return hashlib.sha256(canonical(self.model_dump(mode="json")).encode()).hexdigest()[:16]

    def task(self, task_id: str) -> TaskSpec:
        """Give the task of an attempt."""
        return TaskSpec(
            goal=self.goal,
            inputs=self.inputs,
            answer_schema=self.answer_schema,
            limits=self.budget or Limits(),
            grants=self.grants,
            task_id=task_id,
        )


class Suite(Record):
    """Cases, and what agents must reach on them.

    Attributes
    ----------
    agent
        Who does the cases that name none.
    budget
        What an attempt may use up, for cases that say nothing.
    repeats
        Attempts at each case; the configuration's number if None.
    judges
        Agents that vote on checks `judged`, and are themselves measured on the cases that have none.
    """

    name: str = Field(pattern=_NAME)
    about: str = ""
    agent: AgentConfig = AgentConfig(kind="tool")
    budget: Limits = Limits()
    repeats: int | None = Field(default=None, ge=1, le=1_000)
    require: Requirement = Requirement()
    judges: tuple[AgentConfig, ...] = Field(default=(), max_length=5)
    cases: tuple[Case, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [case.name for case in self.cases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two cases have one name: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _has_judges(self) -> Self:
        names = [one.name for one in self.judges]
        if "" in names or len(set(names)) < len(names):
            raise ValueError("judges: give each a name of its own")
        alone = [case.name for case in self.cases if case.judged and not names]
        if alone:
            raise ValueError(f"judges: there are none, for the check `judged` of {', '.join(alone)}")
        return self

    def filled(self) -> tuple[Case, ...]:
        """Give the cases, with the suite's agent and budget where they name none."""
        return tuple(
            case.model_copy(update={"agent": case.agent or self.agent, "budget": case.budget or self.budget})
            for case in self.cases
        )


def read_suite(path: Path) -> Suite:
    """Read a suite.

    Raises
    ------
    AgentError
        If the file is missing, no YAML, or no suite; it names the place of each fault.
    """
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        hint = "`agents evaluate list` names suites"
        raise AgentError(f"the suite {path} can't be read: {reason}", hint=hint) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise AgentError(f"{path}{line}: this is not valid YAML", hint="look for a tab, a quote or a colon") from error
    try:
        return Suite.model_validate(told)
    except ValidationError as error:
        faults = "\n".join(_fault(fault["loc"], fault["msg"]) for fault in error.errors())
        raise AgentError(f"{path} is no suite:\n{faults}", hint="docs/guides/agents-evaluation.md shows one") from error


def _fault(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in place)
    said = message.removeprefix("Value error, ")
    return f"  {where}: {said}" if where else f"  {said}"
