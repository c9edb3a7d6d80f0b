"""The states of a run, from its start: to look at, and to begin another run from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig

from ..tasks import Record, TaskSpec
from .errors import ConflictError, DurabilityError

if TYPE_CHECKING:
    from langgraph.checkpoint.base import CheckpointTuple

    from .opening import Durability
    from .runs import Run


class Moment(Record):
    """A state of a run.

    Attributes
    ----------
    checkpoint
        Its id, by which a run is forked.
    number
        How many steps of the graph came before it; -1 is the task itself.
    steps
        Calls of models and tools that were made by then.
    last
        The name of the last of them.
    """

    checkpoint: str
    number: int
    time: datetime
    steps: int
    last: str = ""


def history(kept: Durability, task_id: str) -> list[Moment]:
    """Give the states of a run, the last first.

    Raises
    ------
    CheckpointError
        If they can't be read.
    """
    return [_moment(found) for found in kept.checkpoints.list(_thread(task_id))]


def fork(kept: Durability, task_id: str, *, checkpoint: str = "", new_id: str = "") -> Run:
    """Make a new run that has the state of another at a checkpoint; `resume` goes on with it.

    What was done until there is part of that state, and not done again. What the other run did later is forgotten: the
    new one may do other things, and its calls have keys of their own.

    Parameters
    ----------
    checkpoint
        One of `history`; the last by default.
    new_id
        The id of the new run; one that is free by default.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    DurabilityError
        If there is no such checkpoint, or a run of the new id.
    """
    origin = kept.store.get(task_id)
    found = kept.checkpoints.get_tuple(_thread(task_id, checkpoint))
    if found is None:
        hint = "`agents runs history` names them" if checkpoint else "it has not begun, or its states were dropped"
        raise DurabilityError(f"the run {task_id} has no checkpoint {checkpoint}".rstrip(), hint=hint)
    named = {"task_id": new_id} if new_id else {}
    task = TaskSpec.model_validate({**origin.task.model_dump(exclude={"task_id"}), **named})
    if kept.checkpoints.get_tuple(_thread(task.task_id)) is not None or kept.store.exists(task.task_id):
        raise ConflictError(f"there is a run {task.task_id} already", hint="choose another id")
    target = _thread(task.task_id)
    kept.checkpoints.put(target, found.checkpoint, found.metadata, found.checkpoint["channel_versions"])
    return kept.store.begin(task, origin.agent, origin=task_id)


def _thread(task_id: str, checkpoint: str = "") -> RunnableConfig:
    named: dict[str, Any] = {"thread_id": task_id, "checkpoint_ns": ""}
    return {"configurable": {**named, "checkpoint_id": checkpoint} if checkpoint else named}


def _moment(found: CheckpointTuple) -> Moment:
    steps = found.checkpoint["channel_values"].get("steps", [])
    return Moment(
        checkpoint=found.checkpoint["id"],
        number=found.metadata.get("step", 0),
        time=datetime.fromisoformat(found.checkpoint["ts"]),
        steps=len(steps),
        last=steps[-1]["name"] if steps else "",
    )
