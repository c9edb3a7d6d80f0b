"""The routes of agents: make one, give it tasks, follow them, approve what they ask for, and end them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from ..agents.agent_config import AgentConfig
from ..agents.budget import limits_of, narrow
from ..agents.config import AgenticConfig
from ..agents.coordination.group_config import GroupConfig
from ..agents.durability.agents import KeptAgent, UnknownAgentError
from ..agents.durability.errors import ConflictError, DurabilityError, UnknownRunError
from ..agents.durability.retention import Retention
from ..agents.durability.runs import Approval, Run
from ..agents.errors import AgentError
from ..agents.events import Event
from ..agents.jobs.queue import QueueFullError
from ..agents.opening import project_of
from ..agents.session import Decision
from ..agents.tasks import Record, Status, TaskSpec
from ..config import Config
from .agentic_metrics import AgentMetrics
from .errors import ApiError
from .security import Principal, require

if TYPE_CHECKING:
    from ..agents.jobs.service import AgentService

_LOOK = 0.25  # seconds between two looks for new events
_ALIVE = 15.0  # seconds after which a stream without events says that it lives
_PAGE = 500

Reader = Annotated[Principal, Depends(require("read"))]
Asker = Annotated[Principal, Depends(require("predict"))]
Admin = Annotated[Principal, Depends(require("admin"))]


class AgentStatus(Record):
    """How an agent stands.

    Attributes
    ----------
    status
        What its tasks that are not over are in, `running` before `waiting`.
    tasks
        Its last ones, the newest first.
    """

    agent: KeptAgent
    status: Literal["running", "waiting", "idle"]
    tasks: list[Run]


class Answer(Record):
    """What a person answers to an approval."""

    approved: bool
    reason: str = Field(default="", max_length=2_000)


def make_router(config: Config) -> APIRouter:
    """Make the routes. The processes that do tasks begin with the first task."""
    routes = _Routes(config)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.agents = routes
        app.state.metrics.add(AgentMetrics(lambda: routes.service.store))
        retention = Retention(project_of(config))
        retention.start()
        try:
            yield
        finally:
            await asyncio.to_thread(retention.close)
            await asyncio.to_thread(routes.close)

    made = APIRouter(prefix="/agents", tags=["agents"], lifespan=lifespan)
    add = made.add_api_route
    add("/create", routes.create, methods=["POST"], status_code=201, summary="Make an agent")
    add("/approvals", routes.approvals, summary="List the calls that wait for a person")
    add("/approvals/{key}", routes.decide, methods=["POST"], summary="Allow a call that waits, or refuse it")
    add("/{agent_id}/task", routes.give, methods=["POST"], status_code=202, summary="Give an agent a task")
    add("/{agent_id}/status", routes.status, summary="See how an agent and its tasks stand")
    add("/{agent_id}/history", routes.history, summary="List the tasks of an agent")
    one = "/{agent_id}/tasks/{task_id}"
    add(one, routes.show, summary="See how a task stands, and what came of it")
    add(f"{one}/events", routes.events, summary="Follow a task as it is done", response_class=StreamingResponse)
    add(f"{one}/cancel", routes.cancel, methods=["POST"], status_code=202, summary="End a task")
    return made


class _Routes:
    """The routes, which share the service. A user sees her own agents and tasks, an administrator all."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cached_property
    def service(self) -> AgentService:
        """What the routes ask, opened when it is first used."""
        from ..agents.jobs.service import open_service

        return open_service(project_of(self._config))

    def close(self) -> None:
        """End the processes that do tasks."""
        from ..agents.jobs.service import close_service

        close_service(self._config.root)

    def create(self, asked: AgentConfig | GroupConfig, user: Asker) -> KeptAgent:
        """Keep an agent, or a group of them that works by a pattern. Its tools must be registered and switched on."""
        with _as_problems():
            return self.service.create(asked, user.name)

    def give(self, agent_id: str, asked: TaskSpec, user: Asker, response: Response) -> Run:
        """Queue a task. A `task_id` that is known gives the same run, so that a request can be sent again.

        Only an administrator may approve calls beforehand, and go beyond the limits of the configuration.
        """
        with _as_problems():
            agent = self._agent(agent_id, user)
            run = self.service.give(agent, self._permitted(asked, user))
        response.headers["Location"] = f"/agents/{agent_id}/tasks/{run.task_id}"
        return run

    def status(self, agent_id: str, user: Reader) -> AgentStatus:
        """Tell what an agent is made of, whether it is at work, and its last tasks."""
        with _as_problems():
            agent = self._agent(agent_id, user)
            runs = self.service.store.runs(agent_id=agent_id, most=20)
        found = {run.status for run in runs}
        live: Literal["waiting", "idle"] = "waiting" if Status.WAITING in found else "idle"
        return AgentStatus(agent=agent, status="running" if Status.RUNNING in found else live, tasks=runs)

    def history(self, agent_id: str, user: Reader, most: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[Run]:
        """Give the tasks of an agent, the newest first."""
        with _as_problems():
            self._agent(agent_id, user)
            return self.service.store.runs(agent_id=agent_id, most=most)

    def show(self, agent_id: str, task_id: str, user: Reader) -> Run:
        """Give a task with its agent and, once there is one, its result with all steps."""
        with _as_problems():
            return self._run(agent_id, task_id, user)

    async def events(
        self,
        agent_id: str,
        task_id: str,
        user: Reader,
        request: Request,
        last_event_id: Annotated[int, Header(ge=0, description="Number of the last event that is known")] = 0,
    ) -> StreamingResponse:
        """Send what happens, as server-sent events, until the task is over or waits, or the key is revoked."""
        with _as_problems():
            await asyncio.to_thread(self._run, agent_id, task_id, user)
        identity = request.app.state.services.identity
        lines = self._follow(task_id, last_event_id, partial(identity.still_may, request.scope, "read"))
        return StreamingResponse(lines, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})

    def cancel(self, agent_id: str, task_id: str, user: Asker) -> Run:
        """End a task, wherever it is being done. What it has reached is kept."""
        with _as_problems():
            return self.service.cancel(self._run(agent_id, task_id, user).task_id, user.name)

    def approvals(self, user: Reader) -> list[Approval]:
        """Give the calls that wait, the first that was asked first."""
        with _as_problems():
            store = self.service.store
            waiting = store.approvals()
            return [one for one in waiting if user.may("admin") or store.get(one.run_id).user == user.name]

    def decide(self, key: str, answer: Answer, user: Admin) -> Approval:
        """Answer for an administrator; the run goes on. The first answer holds."""
        with _as_problems():
            waiting = [one for one in self.service.store.approvals(open_only=False) if one.request.key == key]
            if not waiting:
                raise ApiError(404, "Not found", f"nothing waits for an approval {key!r}")
            decision = Decision(approved=answer.approved, by=user.name, reason=answer.reason)
            return self.service.decide(waiting[0], decision)

    def _permitted(self, asked: TaskSpec, user: Principal) -> TaskSpec:
        if user.may("admin"):
            return asked.model_copy(update={"user": user.name})
        if asked.grants:
            raise ApiError(403, "Forbidden", "grants need a key or token with the scope admin: they approve calls")
        most = limits_of(self._config.group("agentic", AgenticConfig).agents.budget)
        return asked.model_copy(update={"user": user.name, "limits": narrow(asked.limits, most)})

    def _agent(self, agent_id: str, user: Principal) -> KeptAgent:
        agent = self.service.agents.get(agent_id)
        if agent.user != user.name and not user.may("admin"):  # no difference to one that is not there
            raise UnknownAgentError(f"there is no agent {agent_id!r}", hint="POST /agents/create makes one")
        return agent

    def _run(self, agent_id: str, task_id: str, user: Principal) -> Run:
        self._agent(agent_id, user)
        run = self.service.store.get(task_id)
        if run.agent_id != agent_id:
            raise UnknownRunError(f"the agent {agent_id} has no task {task_id!r}")
        return run

    async def _follow(self, task_id: str, after: int, still_may: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
        store, spoken = self.service.store, time.monotonic()
        while await still_may():
            # The state first: once it says that a run is over, all its events are there.
            live = (await asyncio.to_thread(store.get, task_id)).status is Status.RUNNING
            events = await asyncio.to_thread(store.events, task_id, after, _PAGE)
            for event in events:
                yield _line(event)
                after = event.sequence
            if events:
                spoken = time.monotonic()
                continue
            if not live:
                return
            if time.monotonic() - spoken > _ALIVE:
                yield b": still there\n\n"
                spoken = time.monotonic()
            await asyncio.sleep(_LOOK)


def _line(event: Event) -> bytes:
    return f"id: {event.sequence}\nevent: {event.kind}\ndata: {event.model_dump_json()}\n\n".encode()


@contextmanager
def _as_problems() -> Iterator[None]:
    """Make what is refused a response."""
    try:
        yield
    except (UnknownAgentError, UnknownRunError) as error:
        raise ApiError(404, "Not found", error.message) from error
    except QueueFullError as error:
        raise ApiError(429, "Too many tasks", error.message, headers={"Retry-After": "60"}) from error
    except ConflictError as error:
        raise ApiError(409, "Conflict", error.message) from error
    except DurabilityError as error:
        raise ApiError(503, "Agents unavailable", error.message) from error
    except AgentError as error:
        raise ApiError(422, "Unusable agent or task", str(error)) from error
