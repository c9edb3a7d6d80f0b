"""What a tool is: a function with types, an effect, and a JSON Schema of its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, JsonValue, RootModel, ValidationError, create_model

from ...errors import ProjectError
from ..errors import AgentError, ToolError
from ..jsonable import to_json, unchanged


class Effect(StrEnum):
    """What a call of a tool does to the world.

    Attributes
    ----------
    READ
        Nothing: it only looks.
    WRITE
        Changes files, runs or models of the project.
    EXTERNAL
        Reaches another system.
    SPEND
        Costs money.
    """

    READ = "read"
    WRITE = "write"
    EXTERNAL = "external"
    SPEND = "spend"


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool is told beside its arguments.

    Attributes
    ----------
    root
        Folder of the project.
    work
        Folder of the task's own files, which exists.
    key
        Idempotency key: the same when a call is made again after a crash. Receivers that know such keys are given it.
    cancelled
        Asked now and then by tools that take long; they then stop.
    clean
        Masks secrets. All that a tool gives goes through it; a tool that gives parts of something larger sends each
        through it within what is around it, or half a secret stays.
    """

    root: Path
    work: Path
    task_id: str
    key: str
    user: str = "local"
    cancelled: Callable[[], bool] = field(default=lambda: False)
    clean: Callable[[str], str] = unchanged


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a call gave.

    Attributes
    ----------
    content
        JSON for the model.
    files
        What was written, such as plots: paths below the task's folder.
    tainted
        Whether it holds content that nobody vouches for, such as a web page: what it says are no instructions.
    cost
        US dollars that the call took.
    """

    content: JsonValue
    files: tuple[Path, ...] = ()
    tainted: bool = False
    cost: float = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that agents can call.

    Attributes
    ----------
    arguments
        Pydantic model of the arguments; its JSON Schema is what language models are shown.
    function
        Takes the arguments by name, and `context: ToolContext` where it asks for that.
    honours_key
        Whether the receiver of the effect does it once for one idempotency key. If so, a call whose outcome a crash
        left unknown is made again; if not, it is reported as unknown.
    untrusted
        Whether all that it gives is content that nobody vouches for.
    foreign
        Whether its description is such content too: an agent that is shown it has read it.
    timeout
        Seconds that it may take; None is what the configuration says.
    """

    name: str
    description: str
    effect: Effect
    arguments: type[BaseModel]
    function: Callable[..., Any]
    takes_context: bool = False
    honours_key: bool = False
    untrusted: bool = False
    foreign: bool = False
    timeout: float | None = None

    def schema(self) -> dict[str, Any]:
        """Give the tool as language models are shown it, in the form of OpenAI's functions."""
        parameters = self.arguments.model_json_schema()
        parameters.pop("title", None)
        shown = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": shown}

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Check arguments against the types, and give them as the function takes them.

        Raises
        ------
        ToolError
            If one is missing, unknown or of another type.
        """
        try:
            checked = self.arguments.model_validate(arguments)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise ToolError(f"{self.name} can't be called like this: {faults}", hint="keep to its schema") from error
        return {name: getattr(checked, name) for name in type(checked).model_fields}

    def shown(self, arguments: Mapping[str, Any]) -> dict[str, JsonValue]:
        """Give arguments that were checked as JSON: what the function gets, as rules and people are shown it."""
        whole = arguments["root"] if issubclass(self.arguments, RootModel) else arguments
        return {str(name): to_json(value) for name, value in dict(whole).items()}

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Call the function with arguments that were checked.

        Raises
        ------
        ToolError
            If it can't do it, for a reason that a person or a model can do something about.
        """
        given = {**arguments, "context": context} if self.takes_context else dict(arguments)
        try:
            output = self.function(**given)
        except ToolError:
            raise
        except ProjectError as error:
            raise ToolError(error.message, hint=error.hint) from error
        return output if isinstance(output, ToolOutput) else ToolOutput(output, tainted=self.untrusted)


def tool(
    effect: Effect,
    *,
    name: str | None = None,
    honours_key: bool = False,
    untrusted: bool = False,
    timeout: float | None = None,
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function: its docstring describes it, its signature gives the schema of its arguments.

    Examples
    --------
    >>> @tool(Effect.READ)
    ... def add(left: int, right: int = 1) -> int:
    ...     "Add two numbers."
    ...     return left + right
    >>> add.schema()["function"]["parameters"]["required"]
    ['left']
    """

    def make(function: Callable[..., Any]) -> Tool:
        hints = get_type_hints(function, include_extras=True)
        signature = inspect.signature(function)
        fields: dict[str, Any] = {}
        for parameter in signature.parameters.values():
            if parameter.name == "context":
                continue
            if parameter.name not in hints or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise AgentError(
                    f"{function.__qualname__} can't be a tool: {parameter.name} has no type, or is no named parameter",
                    hint="annotate each parameter",
                )
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hints[parameter.name], default)
        description = inspect.getdoc(function) or ""
        if not description:
            raise AgentError(f"{function.__qualname__} has no docstring", hint="say in it what the tool does")
        closed = ConfigDict(extra="forbid")
        return Tool(
            name=name or function.__name__,
            description=description,
            effect=effect,
            arguments=create_model(f"{function.__name__}_arguments", __config__=closed, **fields),
            function=function,
            takes_context="context" in signature.parameters,
            honours_key=honours_key,
            untrusted=untrusted,
            timeout=timeout,
        )

    return make
