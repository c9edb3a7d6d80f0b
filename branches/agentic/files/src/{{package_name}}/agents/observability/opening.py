"""Who gets traces of runs, as the configuration says. Plugins of the group `traces` are known by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...plugins import find_plugins
from ..errors import AgentError

if TYPE_CHECKING:
    from ..events import Listener
    from ..session import Project


def listen_for_traces(project: Project) -> tuple[Listener, ...]:
    """Give a listener for each receiver of traces; none is the default.

    Raises
    ------
    AgentError
        If there is no such receiver, or it lacks something.
    """
    names = project.agentic.observability.traces
    return tuple(_open(name, project) for name in names) if names else ()


def _open(name: str, project: Project) -> Listener:
    known = find_plugins("traces")
    if name not in known:
        hint = f"agentic.observability.traces takes {', '.join(sorted(known)) or 'none here'}"
        raise AgentError(f"there is no {name!r} that takes traces", hint=hint)
    made = known[name].load()
    if not callable(made):
        raise known[name].error("it is no function that gives a listener")
    listener: Listener = known[name].guard(made)(project)
    return listener
