"""AgentDojo at work in a process of its own: its tasks, its tools in the world of each, and its verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import JsonValue

from ..errors import AgentError, ToolError
from ..frameworks.catalogue import AGENTDOJO, find_installed
from ..frameworks.program import Program
from ..safety.obedient import Call
from ..tasks import Record
from ..tools.schemas import model_of
from ..tools.spec import Effect, Tool
from .config import ATTACK, BENCHMARK

if TYPE_CHECKING:
    from ..session import Project

_READS = ("check_", "get_", "list_", "read_", "search_")
_REACHES = frozenset({"get_webpage"})  # whoever serves the address is told all that stands in it
_SPENDS = frozenset(
    {
        "reserve_car_rental",
        "reserve_hotel",
        "reserve_restaurant",
        "schedule_transaction",
        "send_money",
        "update_scheduled_transaction",
    }
)


class Begun(Record):
    """A task whose world was made.

    Attributes
    ----------
    calls, answer
        What solves it.
    attack
        The calls that a text in its world asks for.
    after
        With how many of its own calls such a text has been read.
    """

    goal: str
    calls: tuple[Call, ...]
    answer: str
    attack: tuple[Call, ...] = ()
    after: int = 0


class Judged(Record):
    """Whether the task was done, and whether the attacker got what they wanted."""

    done: bool
    attacked: bool


class DojoSuite(Record):
    """A suite: names of its tasks and of the attacker's."""

    tools: tuple[dict[str, Any], ...]
    tasks: tuple[str, ...]
    injections: tuple[str, ...]


class Dojo:
    """AgentDojo, where it is installed. It does one task at a time; close it in the end.

    Parameters
    ----------
    benchmark
        Version of its suites.
    attack
        How texts ask for what an attacker wants, such as `injecagent`.

    Raises
    ------
    AgentError
        If it is not installed.
    """

    def __init__(self, project: Project, benchmark: str = BENCHMARK, attack: str = ATTACK) -> None:
        installed = find_installed(project, AGENTDOJO)
        if installed is None:
            hint = f"`agents frameworks install {AGENTDOJO.name}` gives it an environment of its own"
            raise AgentError(f"{AGENTDOJO.title} is not installed", hint=hint)
        patience = project.agentic.frameworks.patience
        self._program = Program(AGENTDOJO.title, AGENTDOJO.name, installed.python, patience)
        self._settings = {"benchmark": benchmark, "attack": attack}
        self._begun = False
        self._turn = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.end()

    def names(self) -> tuple[str, ...]:
        """Name its suites."""
        return tuple(self._ask("names")["suites"])

    def open(self, suite: str) -> DojoSuite:
        """Go to a suite."""
        return DojoSuite.model_validate(self._ask("open", suite=suite))

    def begin(self, task: str, injection: str = "") -> Begun | None:
        """Make the world of a task; None if it reads no text in which an attack could stand."""
        told = self._ask("begin", task=task, injection=injection)
        return Begun.model_validate(told) if told else None

    def judge(self, output: str) -> Judged:
        """Judge the task that was begun last."""
        return Judged.model_validate(self._ask("judge", output=output))

    def tools(self, suite: DojoSuite) -> list[Tool]:
        """Give a suite's tools, which act in the world of the task that was begun last."""
        return [self._tool(**told) for told in suite.tools]

    def _tool(self, name: str, description: str, parameters: dict[str, Any]) -> Tool:
        def act(root: Mapping[str, JsonValue]) -> str:
            gave = self._ask("call", name=name, arguments=dict(root))
            if gave["error"]:
                raise ToolError(gave["error"])
            return str(gave["text"])

        arguments = model_of(name, parameters)
        return Tool(name, description, effect_of(name), arguments, act, untrusted=True)

    def _ask(self, kind: str, **given: Any) -> dict[str, Any]:
        task = json.dumps({"ask": kind, **given})
        with self._turn:
            if self._begun:
                self._program.answer({"task": task})
            self._begun = True
            question = self._program.question({**self._settings, "task": task}, lambda: False)
        told: dict[str, Any] = json.loads(question.text) if question else {}
        return told


def effect_of(name: str) -> Effect:
    """Tell what a tool of AgentDojo does to the world, which it does not say itself.

    All that it changes lies in systems of others: a bank, a mailbox, a calendar.

    Examples
    --------
    >>> [str(effect_of(name)) for name in ("read_inbox", "send_email", "send_money", "get_webpage")]
    ['read', 'external', 'spend', 'external']
    """
    if name.startswith(_READS) and name not in _REACHES:
        return Effect.READ
    return Effect.SPEND if name in _SPENDS else Effect.EXTERNAL
