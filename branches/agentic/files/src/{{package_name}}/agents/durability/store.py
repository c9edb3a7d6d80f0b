"""The store of runs: their tasks, agents, states, results, events and approvals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from pydantic import JsonValue

from ...database import Database, write_json
from ..coordination.judgements import JudgementStore
from ..events import Event
from ..session import ApprovalRequest, Decision
from ..tasks import Status, TaskResult, TaskSpec, Usage
from .errors import ConflictError, DurabilityError
from .rows import approval_of, one_run, run_of, summary_of, unknown_run
from .runs import Approval, Run, Summary
from .tables import AGENTS, APPROVALS, EVENTS, JOBS, RUNS

_LIVE = (Status.RUNNING, Status.WAITING)


class RunStore:
    """Keeps runs in SQLite or PostgreSQL; several processes and machines may use it at once.

    Every method raises a `DurabilityError` if the database can't be used.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        database.make(RUNS, EVENTS, APPROVALS, AGENTS, JOBS)
        self.judgements = JudgementStore(database)
        self._insert_event = database.insertion(EVENTS, ["task_id", "sequence", "event"])

    def begin(
        self,
        task: TaskSpec,
        agent: dict[str, JsonValue] | None = None,
        *,
        agent_id: str = "",
        origin: str = "",
        go_on: bool = True,
    ) -> Run:
        """Write down that a task is given to an agent; one that is known stays, and runs again if it had not ended.

        Parameters
        ----------
        go_on
            Whether one that waits for a person runs again.

        Raises
        ------
        ConflictError
            If its id is that of another task.
        """
        now = datetime.now(UTC)
        document = task.model_dump(mode="json")
        values: dict[str, Any] = {"task_id": task.task_id, "user": task.user, "task": document, "agent": agent}
        values |= {"status": Status.RUNNING, "reason": "", "cancelled": "", "agent_id": agent_id, "origin": origin}
        values |= {"created": now, "updated": now}
        live = (RUNS.c.task_id == task.task_id, RUNS.c.status.in_(_LIVE))
        with self.database.writing() as connection:
            new = connection.execute(self.database.new_rows(RUNS).values(**values)).rowcount
            run = one_run(connection, task.task_id)
            if run.task != task:
                hint = "give the other task another task_id, or none"
                raise ConflictError(f"the run {task.task_id} is that of another task", hint=hint)
            if new or not go_on:
                return run
            again = {"status": Status.RUNNING, "reason": "", "updated": now}
            connection.execute(sa.update(RUNS).where(*live).values(**again))
            return one_run(connection, task.task_id)

    def end(self, result: TaskResult) -> None:
        """Write down how a run stands, or what came of it."""
        values = {"status": result.status, "reason": result.reason, "updated": datetime.now(UTC)}
        values["result"] = result.model_dump(mode="json")
        self._update(result.task_id, values)

    def get(self, task_id: str) -> Run:
        """Give a run.

        Raises
        ------
        UnknownRunError
            If there is none of that id.
        """
        with self.database.reading() as connection:
            return one_run(connection, task_id)

    def runs(self, *, most: int = 50, user: str = "", agent_id: str = "", statuses: Sequence[Status] = ()) -> list[Run]:
        """Give runs, the last first."""
        query = sa.select(RUNS).order_by(RUNS.c.created.desc(), RUNS.c.task_id).limit(most)
        if user:
            query = query.where(RUNS.c.user == user)
        if agent_id:
            query = query.where(RUNS.c.agent_id == agent_id)
        if statuses:
            query = query.where(RUNS.c.status.in_(statuses))
        with self.database.reading() as connection:
            return [run_of(row) for row in connection.execute(query)]

    def summaries(
        self, *, most: int = 50, skip: int = 0, user: str = "", words: str = "", statuses: Sequence[Status] = ()
    ) -> list[Summary]:
        """Give runs in short, the last first; with words, those whose task holds them, or whose id begins with them."""
        query = self._summaries().order_by(RUNS.c.created.desc(), RUNS.c.task_id).limit(most).offset(skip)
        if user:
            query = query.where(RUNS.c.user == user)
        if statuses:
            query = query.where(RUNS.c.status.in_(statuses))
        if words:
            task, written = sa.type_coerce(RUNS.c.task, sa.Text), write_json(words)[1:-1]
            named = RUNS.c.task_id.startswith(words, autoescape=True)
            query = query.where(sa.or_(task.icontains(written, autoescape=True), named))
        with self.database.reading() as connection:
            return [summary_of(row) for row in connection.execute(query)]

    def summary(self, task_id: str) -> Summary:
        """Give a run in short.

        Raises
        ------
        UnknownRunError
            If there is none of that id.
        """
        query = self._summaries().where(RUNS.c.task_id == task_id)
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise unknown_run(task_id)
        return summary_of(row)

    def used(self, beginning: str, *, without: str = "") -> Usage:
        """Add up what runs used whose ids begin so, one of them left out; of those at work nothing counts."""
        query = self._summaries().where(RUNS.c.task_id.startswith(beginning, autoescape=True))
        with self.database.reading() as connection:
            found = [summary_of(row) for row in connection.execute(query.where(RUNS.c.task_id != without))]
        return sum((run.usage for run in found if run.usage), start=Usage())

    def _summaries(self) -> sa.Select[Any]:
        """Ask for all but results, which hold each step: of them the database reads the usage alone."""
        result = sa.type_coerce(RUNS.c.result, sa.Text)
        shared = sa.cast(result, sa.JSON)["usage"].as_string()
        usage = shared if self.database.shared else sa.func.json_extract(result, "$.usage")
        columns = [column for column in RUNS.c if column.name not in {"result", "agent"}]
        return sa.select(*columns, RUNS.c.agent.is_not(None).label("resumable"), usage.label("usage"))

    def cancel(self, task_id: str, by: str) -> Run:
        """Write down that a person ends a run: who works on it stops, and one that waits is over at once."""
        now, over = datetime.now(UTC), {"status": Status.CANCELLED, "reason": f"{by} ended it"}
        with self.database.writing() as connection:
            this = RUNS.c.task_id == task_id
            connection.execute(sa.update(RUNS).where(this, RUNS.c.status.in_(_LIVE)).values(cancelled=by, updated=now))
            connection.execute(sa.update(RUNS).where(this, RUNS.c.status == Status.WAITING).values(**over))
            return one_run(connection, task_id)

    def cancelled(self) -> list[str]:
        """Give the ids of the runs that a person has ended while they were at work."""
        query = sa.select(RUNS.c.task_id).where(RUNS.c.cancelled != "", RUNS.c.status.in_(_LIVE))
        with self.database.reading() as connection:
            return [*connection.scalars(query)]

    def count(self, status: Status) -> int:
        """Tell how many runs stand so."""
        query = sa.select(sa.func.count()).select_from(RUNS).where(RUNS.c.status == status)
        with self.database.reading() as connection:
            return connection.scalar(query) or 0

    def exists(self, task_id: str) -> bool:
        """Tell whether there is a run of an id."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(RUNS.c.task_id).where(RUNS.c.task_id == task_id)) is not None

    def reopen(self, task_id: str, *, status: Status = Status.FAILED) -> None:
        """Let a run go on that has ended so."""
        again = {"status": Status.RUNNING, "reason": "", "updated": datetime.now(UTC)}
        failed = (RUNS.c.task_id == task_id, RUNS.c.status == status)
        with self.database.writing() as connection:
            connection.execute(sa.update(RUNS).where(*failed).values(**again))

    def add_events(self, events: Iterable[Event]) -> None:
        """Keep events, and the votes among them on the record of those who voted; those that are there already stay."""
        events = list(events)
        rows = [(event.task_id, event.sequence, event.model_dump_json()) for event in events]
        if rows:
            with self.database.writing() as connection:
                connection.exec_driver_sql(self._insert_event, rows)
                self.judgements.hear(connection, events)

    def events(self, task_id: str, after: int = 0, most: int = 1_000) -> list[Event]:
        """Give the events of a run in their order, those that come after a number."""
        query = sa.select(EVENTS.c.event).where(EVENTS.c.task_id == task_id, EVENTS.c.sequence > after)
        with self.database.reading() as connection:
            rows = connection.scalars(query.order_by(EVENTS.c.sequence).limit(most))
            return [Event.model_validate(orjson.loads(row)) for row in rows]

    def event(self, task_id: str, sequence: int) -> Event | None:
        """Give one event of a run; None if it is not kept."""
        query = sa.select(EVENTS.c.event).where(EVENTS.c.task_id == task_id, EVENTS.c.sequence == sequence)
        with self.database.reading() as connection:
            row = connection.scalar(query)
        return None if row is None else Event.model_validate(orjson.loads(row))

    def last_event(self, task_id: str) -> int:
        """Give the number of a run's last event, 0 without any."""
        query = sa.select(sa.func.max(EVENTS.c.sequence)).where(EVENTS.c.task_id == task_id)
        with self.database.reading() as connection:
            return connection.scalar(query) or 0

    def ask(self, request: ApprovalRequest, seconds: float, run_id: str = "") -> Approval:
        """Keep a question, and give it with its answer if there is one; one that is known keeps its times."""
        now = datetime.now(UTC)
        document = request.model_dump(mode="json")
        values: dict[str, Any] = {"key": request.key, "run_id": run_id or request.task_id, "request": document}
        values |= {"asked": now, "expires": now + timedelta(seconds=seconds)}
        with self.database.writing() as connection:
            connection.execute(self.database.new_rows(APPROVALS).values(**values))
            return approval_of(connection.execute(sa.select(APPROVALS).where(APPROVALS.c.key == request.key)).one())

    def approvals(self, run_id: str = "", *, open_only: bool = True) -> list[Approval]:
        """Give questions, the first that was asked first; with `open_only` those that still wait for an answer."""
        query = sa.select(APPROVALS).order_by(APPROVALS.c.asked)
        if run_id:
            query = query.where(APPROVALS.c.run_id == run_id)
        if open_only:
            query = query.where(APPROVALS.c.decision.is_(None), APPROVALS.c.expires > datetime.now(UTC))
        with self.database.reading() as connection:
            return [approval_of(row) for row in connection.execute(query)]

    def decide(self, key: str, decision: Decision) -> Approval:
        """Answer a question. The first answer holds.

        Raises
        ------
        DurabilityError
            If there is no such question, if it was answered, or if its time is over.
        """
        now = datetime.now(UTC)
        is_open = (APPROVALS.c.key == key, APPROVALS.c.decision.is_(None), APPROVALS.c.expires > now)
        answer = sa.update(APPROVALS).where(*is_open).values(decision=decision.model_dump(mode="json"))
        with self.database.writing() as connection:
            done = connection.execute(answer).rowcount
            row = connection.execute(sa.select(APPROVALS).where(APPROVALS.c.key == key)).one_or_none()
        if row is None:
            raise DurabilityError(f"nothing waits for an approval {key!r}", hint="`agents runs approvals` lists them")
        approval = approval_of(row)
        if not done:
            given = approval.decision
            # One whose time was over is closed by no person.
            in_time = given is not None and given.time < approval.expires
            over = f"its time was over at {approval.expires:%Y-%m-%d %H:%M}"
            why = f"{given.by} has answered it" if given and in_time else over
            raise ConflictError(f"the approval {key} can't be answered: {why}", hint="run the task again")
        return approval

    def close(self, key: str, decision: Decision) -> Approval:
        """Write down what an unanswered question comes to, whose time is over; an answer that is there holds."""
        unanswered = (APPROVALS.c.key == key, APPROVALS.c.decision.is_(None))
        with self.database.writing() as connection:
            document = decision.model_dump(mode="json")
            connection.execute(sa.update(APPROVALS).where(*unanswered).values(decision=document))
            return approval_of(connection.execute(sa.select(APPROVALS).where(APPROVALS.c.key == key)).one())

    def overdue(self) -> list[str]:
        """Give the ids of the runs whose approval was not given in time, and which still wait."""
        query = sa.select(RUNS.c.task_id).join(APPROVALS, APPROVALS.c.run_id == RUNS.c.task_id)
        late = (APPROVALS.c.decision.is_(None), APPROVALS.c.expires <= datetime.now(UTC))
        with self.database.reading() as connection:
            return [*connection.scalars(query.where(RUNS.c.status == Status.WAITING, *late).distinct())]

    def old(self, before: datetime, task_id: str = "") -> list[str]:
        """Give the ids of the runs that ended before a time, or of one alone."""
        this = RUNS.c.task_id == task_id if task_id else sa.true()
        query = sa.select(RUNS.c.task_id).where(this, RUNS.c.status.not_in(_LIVE), RUNS.c.updated < before)
        with self.database.reading() as connection:
            return [*connection.scalars(query)]

    def first_begun(self) -> datetime | None:
        """Tell when the oldest run was begun; None without runs."""
        with self.database.reading() as connection:
            first: datetime | None = connection.scalar(sa.select(sa.func.min(RUNS.c.created)))
        return first

    def drop(self, task_ids: Sequence[str]) -> None:
        """Forget runs, with their events and approvals."""
        with self.database.writing() as connection:
            for task_id in task_ids:
                for column in (EVENTS.c.task_id, APPROVALS.c.run_id, JOBS.c.task_id, RUNS.c.task_id):
                    connection.execute(sa.delete(column.table).where(column == task_id))

    def _update(self, task_id: str, values: dict[str, Any]) -> None:
        with self.database.writing() as connection:
            connection.execute(sa.update(RUNS).where(RUNS.c.task_id == task_id).values(**values))
