"""Who leads an agent from step to step: the project's own graph, or a framework in a process beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..loop import build_graph
from ..turns import Turn
from .catalogue import find_installed, framework_named
from .config import LANGGRAPH
from .exchange import LedTurn, build_led_graph
from .program import FrameworkError, Program

if TYPE_CHECKING:
    from ..base import Agent
    from ..session import Session


@contextmanager
def led(agent: Agent, session: Session) -> Iterator[tuple[Any, Turn]]:
    """Give the graph of an agent, and who runs in it; what a framework started ends with it.

    Raises
    ------
    FrameworkError
        If its framework is not installed any more.
    """
    if agent.framework == LANGGRAPH:
        yield build_graph(agent.strategy, agent.critiques), Turn(agent, session)
        return
    framework = framework_named(agent.framework)
    installed = find_installed(session.project, framework)
    if installed is None:
        hint = f"`agents frameworks install {framework.name}`"
        raise FrameworkError(f"{framework.title} is not installed", hint=hint)
    program = Program(framework.title, framework.name, installed.python, session.config.frameworks.patience)
    try:
        yield build_led_graph(), LedTurn(agent, session, program)
    finally:
        program.end()
