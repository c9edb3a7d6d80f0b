"""Agents that work with tools, alone and together, within limits and under people's eyes."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tasks import Limits, Status, TaskResult, TaskSpec
    from .tools.spec import Effect, Tool, tool

__all__ = ["Effect", "Limits", "Status", "TaskResult", "TaskSpec", "Tool", "tool"]

_HOMES = {
    "Effect": ".tools.spec",
    "Limits": ".tasks",
    "Status": ".tasks",
    "TaskResult": ".tasks",
    "TaskSpec": ".tasks",
    "Tool": ".tools.spec",
    "tool": ".tools.spec",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: LangChain and its friends take a second to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
