"""How runs and approvals come out of rows of the database."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .errors import UnknownRunError
from .runs import Approval, Run, Summary
from .tables import RUNS


def one_run(connection: Connection, task_id: str) -> Run:
    """Read a run.

    Raises
    ------
    UnknownRunError
        If there is none of that id.
    """
    row = connection.execute(sa.select(RUNS).where(RUNS.c.task_id == task_id)).one_or_none()
    if row is None:
        raise unknown_run(task_id)
    return run_of(row)


def unknown_run(task_id: str) -> UnknownRunError:
    """Say that there is no run of an id."""
    return UnknownRunError(f"there is no run {task_id!r}", hint="`agents runs list` names them")


def summary_of(row: Any) -> Summary:
    """Give a run in short; of its result the row has the usage alone."""
    known = dict(row._mapping)
    usage = known.pop("usage")
    goal = known.pop("task")["goal"]
    return Summary.model_validate({**known, "goal": goal, "usage": None if usage is None else orjson.loads(usage)})


def run_of(row: Any) -> Run:
    """Give a run."""
    return Run.model_validate(dict(row._mapping))


def approval_of(row: Any) -> Approval:
    """Give a question with its answer, if there is one."""
    known = row._mapping
    return Approval.model_validate(
        {name: known[name] for name in ("run_id", "request", "asked", "expires", "decision")}
    )
