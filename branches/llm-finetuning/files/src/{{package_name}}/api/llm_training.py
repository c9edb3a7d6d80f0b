"""The routes that have models trained."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from ..config import Config, ConfigError, load_config
from ..llm.config import LLMConfig
from ..llm.jobs.protocol import TrainingCheck, TrainingJob, TrainingJobs, TrainingRequest
from ..llm.jobs.runner import CheckBusyError, Jobs, JobStateError
from ..llm.jobs.store import Job, JobError, QueueFullError, UnknownJobError
from .errors import ApiError
from .patience import take_time
from .security import require

_MOST_LINES = 200
_MOST_JOBS = 1000


def make_training_router(config: Config) -> APIRouter:
    """Make the routes. Trainings go on when the service ends, and are found again when it starts."""
    jobs = Jobs(config.root, config.environment, config.group("llm", LLMConfig).jobs)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        jobs.start()
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(jobs.close)

    made = APIRouter(prefix="/llm", lifespan=lifespan)
    routes = _Routes(config, jobs)
    add, see, do = made.add_api_route, [Depends(require("read"))], [Depends(require("admin"))]
    add(
        "/train",
        routes.train,
        methods=["POST"],
        summary="Train a model",
        status_code=202,
        response_model=Job,
        responses={200: {"model": TrainingCheck}},
        dependencies=do,
    )
    add("/training", routes.listed, summary="List trainings", dependencies=see)
    one = "/training/{job_id}"
    add(one, routes.show, summary="See how far a training is", dependencies=see)
    add(one, routes.cancel, methods=["DELETE"], summary="End a training", status_code=202, dependencies=do)
    add(f"{one}/resume", routes.resume, methods=["POST"], summary="Go on", status_code=202, dependencies=do)
    return made


class _Routes:
    """The routes, which share the jobs."""

    def __init__(self, config: Config, jobs: Jobs) -> None:
        self._config, self._jobs = config, jobs

    def train(self, asked: TrainingRequest, request: Request, response: Response) -> Job | Response:
        """Queue a training; with `dry_run`, only look whether it could begin."""
        with _as_problems():
            load_config(self._config.environment, asked.settings(), self._config.root)
            if asked.dry_run:
                take_time(request.scope)
                found = self._jobs.check(asked)
                return Response(found.model_dump_json(), media_type="application/json")
            job = self._jobs.submit(asked)
        response.headers["Location"] = f"/llm/training/{job.id}"
        return job

    def listed(self, most: Annotated[int, Query(ge=1, le=_MOST_JOBS)] = 100) -> TrainingJobs:
        """Give trainings, the last one first."""
        with _as_problems():
            return TrainingJobs(jobs=self._jobs.store.latest(most))

    def show(self, job_id: str, lines: Annotated[int, Query(ge=0, le=_MOST_LINES)] = 20) -> TrainingJob:
        """Tell the state, the last step and loss, the checkpoint or the error, and the last lines of the output."""
        with _as_problems():
            return self._jobs.describe(job_id, lines)

    def cancel(self, job_id: str) -> Job:
        """End a training. What it has reached is kept, and it can go on."""
        with _as_problems():
            return self._jobs.cancel(job_id)

    def resume(self, job_id: str) -> Job:
        """Queue it again; it goes on from its last state, or begins where there is none."""
        with _as_problems():
            return self._jobs.resume(job_id)


@contextmanager
def _as_problems() -> Iterator[None]:
    """Make what is refused a response."""
    try:
        yield
    except ConfigError as error:
        faults = [
            {"pointer": f"#/overrides/{one.key}" if one.key else "#/overrides", "detail": one.message}
            for one in error.problems
        ]
        raise ApiError(422, "Invalid values", "the settings are not valid", errors=faults) from error
    except UnknownJobError as error:
        raise ApiError(404, "Unknown job", error.message) from error
    except JobStateError as error:
        raise ApiError(409, "Unfit state", error.message) from error
    except (QueueFullError, CheckBusyError) as error:
        after = 60 if isinstance(error, QueueFullError) else 5
        raise ApiError(429, "Too many trainings", str(error.message), headers={"Retry-After": str(after)}) from error
    except JobError as error:
        raise ApiError(503, "Training unavailable", error.message) from error
