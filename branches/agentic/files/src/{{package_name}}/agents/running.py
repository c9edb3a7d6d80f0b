"""One run of an agent, from its task to the result; a run that was broken off goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langgraph.types import Command, StateSnapshot
from pydantic import JsonValue

from ..errors import ProjectError, first_line
from ..logs import get_logger
from .frameworks.leading import led
from .jsonable import clip
from .session import Session
from .tasks import Status, Step, TaskResult, Usage
from .turns import NoAnswer, State, Turn, begin, so_far

if TYPE_CHECKING:
    from .base import Agent

_MOST_SUPERSTEPS = 1_000_000  # limits are ours: the graph's own would be an exception
_MOST_REASON = 1_000  # characters that an event tells of it


def run(agent: Agent, session: Session) -> TaskResult:
    """Run an agent on its session's task until it ends, or waits for a person."""
    return enclosed(session, agent.name, lambda: _result(session, _state(agent, session)))


def enclosed(session: Session, name: str, work: Callable[[], TaskResult]) -> TaskResult:
    """Do a session's task: its beginning and end are told, whatever goes wrong is its result, and memory learns."""
    with session.span() as (span, parent):
        place = {"span": span, "parent": parent}
        session.emit("task_started", name, **place, goal=session.task.goal, inputs=session.task.inputs)
        try:
            result = work()
        except ProjectError as error:
            result = TaskResult(task_id=session.task.task_id, status=Status.FAILED, reason=session.clean(str(error)))
        except Exception as error:
            reason = session.clean(f"{type(error).__name__}: {first_line(error)}")
            get_logger(__name__).error("a task failed", task=session.task.task_id, reason=reason)
            get_logger(__name__).debug("where it failed", exc_info=error)
            result = TaskResult(task_id=session.task.task_id, status=Status.FAILED, reason=reason)
        if result.status.ended:
            _learn(session, result)
        session.emit("task_ended", name, **place, result=_told(session, result))
    return result


def _told(session: Session, result: TaskResult) -> dict[str, JsonValue]:
    """Give what the last event tells of a result: steps had events of their own, and what is long comes last."""
    told: dict[str, JsonValue] = result.model_dump(mode="json", exclude={"steps", "reason", "output"})
    reason, _ = clip(result.reason, _MOST_REASON, session.clean)
    return {**told, "reason": reason, "output": result.output}


def _learn(session: Session, result: TaskResult) -> None:
    try:
        session.memory.learn(session.task, result)
    except Exception as error:  # the result matters more than what later tasks know of it
        reason = session.clean(f"{type(error).__name__}: {first_line(error)}")
        get_logger(__name__).error("a task is not remembered", task=session.task.task_id, reason=reason)


def _state(agent: Agent, session: Session) -> dict[str, Any]:
    """Go through the graph, from the start or from where the run was kept, and give the last state."""
    with led(agent, session) as (graph, turn):
        return _last_state(graph, turn)


def _last_state(graph: Any, turn: Turn) -> dict[str, Any]:
    session = turn.session
    config: RunnableConfig = {
        "configurable": {"thread_id": session.task.task_id},
        "recursion_limit": _MOST_SUPERSTEPS,
    }
    given: State | Command[Any] | None
    if session.checkpointer is None:
        given = begin(turn)
    else:
        graph = graph.copy(update={"checkpointer": session.checkpointer})
        kept = graph.get_state(config)
        _restore(session, turn.agent.name, kept.values)
        if kept.values and not kept.next and not (session.reopened and kept.values["status"] == Status.PARTIAL):
            return dict(kept.values)
        given = _going_on(graph, kept) if kept.values else begin(turn)
    token = var_child_runnable_config.set(None)  # below another agent's call this is a run of its own, not a subgraph
    try:
        # "sync": what a model said is kept before its calls are made, so that they keep their idempotency keys.
        durability = "sync" if session.checkpointer else None
        return dict(graph.invoke(given, config, context=turn, durability=durability))
    except NoAnswer as ended:
        return dict(ended.state)
    except ProjectError as error:  # such as a database that went away: what was done until then is told
        if not turn.reached:
            raise
        how = {"status": Status.FAILED, "reason": session.clean(str(error)), "output": so_far(turn.reached, {})}
        return {**turn.reached, **how}
    finally:
        var_child_runnable_config.reset(token)


def _going_on(graph: Any, kept: StateSnapshot) -> Command[Any] | None:
    if kept.next:
        return Command(resume=True) if kept.interrupts else None
    first = "act" if kept.values.get("pending") else "think"  # where a limit had ended it
    again = {"status": Status.RUNNING, "reason": "", "output": None}
    return Command(goto=first if first in graph.nodes else "exchange", update=again)


def _restore(session: Session, agent: str, state: dict[str, Any]) -> None:
    """Know again what was used before the run was broken off, by all and by each, and what an agent's team has said."""
    for meter in filter(None, (session.meter, session.meter.above)):
        meter.restore(_used(state))
    said = [Step.model_validate(step) for step in state.get("steps", []) if step["kind"] == "message"]
    session.said[session.task.task_id] = [step for step in said if step.agent == agent]
    for step in state.get("steps", []):
        name, usage = step["agent"], Usage(**step["usage"])
        session.earlier[name] = session.earlier.get(name, Usage()) + usage
        if name in session.meters:
            session.meters[name].restore(usage)


def _used(state: dict[str, Any]) -> Usage:
    return sum((Usage(**step["usage"]) for step in state.get("steps", [])), start=Usage())


def _result(session: Session, state: dict[str, Any]) -> TaskResult:
    status, reason = Status(state["status"]), state.get("reason", "")
    waiting = state.get("__interrupt__")
    if waiting:
        status, reason = Status.WAITING, waiting[0].value["reason"]
    kept = enumerate(state.get("steps", []), start=1)
    steps = tuple(Step.model_validate({**step, "number": number}) for number, step in kept)
    used = sum((step.usage for step in steps), start=Usage())
    return TaskResult(
        task_id=session.task.task_id,
        status=status,
        output=state.get("output"),
        reason=reason,
        steps=steps,
        usage=used.model_copy(update={"seconds": session.meter.used.seconds}),
    )
