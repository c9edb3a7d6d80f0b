"""Requests that meet an experiment: user → variant → its answer, and in the background those of shadows."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, NamedTuple, NoReturn

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from ...api.errors import ApiError
from ...api.llm_exchange import hold_models
from ...api.security import PRINCIPAL, Principal
from ...logs import get_logger
from ..serving.protocol import Options
from .config import ExperimentsConfig, VariantConfig
from .recorder import Recorder
from .records import END, Experiment, Trace
from .remote import Remote

_log = get_logger(__name__)

Handler = Callable[[Any, Request], Awaitable[Response]]

_held = asynccontextmanager(hold_models)  # the models that a shadow uses stay until its answer is whole
_TAIL = 64  # bytes in which the end of a stream is looked for


class Meeting(NamedTuple):
    """A request that an experiment takes, and the variant that answers it."""

    experiment: Experiment
    variant: VariantConfig
    unit: str
    asked: Options
    request: Request
    handler: Handler

    @property
    def headers(self) -> dict[str, str]:
        """What the response tells of it."""
        return {"x-experiment": self.experiment.name, "x-variant": self.variant.name}


class Traffic:
    """Gives requests to variants, and what comes of them to the recorder."""

    def __init__(self, recorder: Recorder, settings: ExperimentsConfig) -> None:
        self.recorder = recorder
        self._settings = settings
        self._remote = Remote(settings.timeout_seconds)
        self._shadows: set[asyncio.Task[None]] = set()

    def meet(self, asked: Options, request: Request, handler: Handler) -> Meeting | None:
        """Find the experiment that takes a request, if any does, and the variant of its user."""
        experiment = self.recorder.routes.get(asked.model)
        if experiment is None:
            return None
        user = asked.user or request.headers.get(self._settings.user_header) or _sender(request)
        return Meeting(experiment, experiment.choose(user), experiment.unit(user), asked, request, handler)

    async def answer(self, met: Meeting) -> Response:
        """Have a variant answer, and record what is seen of it."""
        started = time.perf_counter()
        try:
            response = await self._ask(met)
        except ApiError as error:
            if _is_fault(error.status_code):
                self._record(met, started, failed=True)
            error.headers = {**(error.headers or {}), **met.headers}
            raise
        except Exception:
            self._record(met, started, failed=True)
            raise
        response.headers.update(met.headers)
        if isinstance(response, StreamingResponse):
            response.body_iterator = self._watched(response.body_iterator, met, started)
        elif response.status_code == HTTPStatus.OK:
            body = bytes(response.body)
            self._record(met, started, body)
            self._shadow(met, body)
        elif _is_fault(response.status_code):
            self._record(met, started, failed=True)
        return response

    async def close(self) -> None:
        """End what is under way for shadows, and write what was seen."""
        for task in self._shadows:
            task.cancel()
        await asyncio.gather(*self._shadows, return_exceptions=True)
        await self._remote.close()
        await asyncio.to_thread(self.recorder.close)

    async def _ask(self, met: Meeting) -> Response:
        if met.variant.url:
            asked = met.asked.model_copy(update={"user": met.unit}) if met.asked.user else met.asked
            return await self._remote.ask(met.variant, asked, met.request)
        return await met.handler(met.asked.model_copy(update={"model": met.variant.model}), met.request)

    async def _watched(self, pieces: Any, met: Meeting, started: float) -> AsyncIterator[bytes]:
        """Pass the events of a stream on; it is recorded before its end is sent, so that feedback finds it."""
        seen: list[bytes] = []
        first: float | None = None
        ended, tail = False, b""
        try:
            async for piece in pieces:
                first = first or time.perf_counter() - started
                seen.append(piece)
                tail = (tail + piece)[-_TAIL:]
                if tail.rstrip().endswith(END) and not ended:
                    ended = True
                    self._record(met, started, b"".join(seen), first)
                yield piece
            if not ended:  # the last event tells an error
                self._record(met, started, failed=True)
        finally:
            await pieces.aclose()
        if ended:
            self._shadow(met, b"".join(seen))

    def _record(
        self, met: Meeting, started: float, body: bytes = b"", first: float | None = None, *, failed: bool = False
    ) -> None:
        if met.experiment.state == "running":
            seconds = time.perf_counter() - started
            run, variant = met.experiment, met.variant.name
            self.recorder.record(Trace(run.name, run.salt, variant, met.unit, seconds, body, first, failed=failed))

    def _shadow(self, met: Meeting, body: bytes) -> None:
        """Ask the shadows, once the user has an answer, and as long as not too many are being asked."""
        config = met.experiment.config
        if config.mode != "shadow" or met.experiment.state != "running":
            return
        for variant in config.variants[1:]:
            drawn = zlib.crc32(body + variant.name.encode()) / 2**32  # ids of answers are random
            if variant.name in met.experiment.stopped or drawn >= variant.share:
                continue
            if len(self._shadows) >= self._settings.shadows_at_once:
                self.recorder.drop(met.experiment.name)
                continue
            asked = met.asked.unstreamed()
            alone = Request({**met.request.scope, "state": {}}, _never)
            task = asyncio.create_task(
                self._ask_shadow(met._replace(variant=variant, asked=asked, request=alone), body)
            )
            self._shadows.add(task)
            task.add_done_callback(self._shadows.discard)

    async def _ask_shadow(self, met: Meeting, given: bytes) -> None:
        started, body = time.perf_counter(), b""
        try:
            async with _held(met.request), asyncio.timeout(self._settings.timeout_seconds):
                response = await self._ask(met)
                body = bytes(response.body) if response.status_code == HTTPStatus.OK else b""
        except ApiError as error:
            if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:  # the load of users, not a fault of the variant
                self.recorder.drop(met.experiment.name)
                return
            if not _is_fault(error.status_code):
                return
        except TimeoutError:
            pass
        except Exception as error:
            _log.error("a shadow has failed", variant=met.variant.name, exc_info=error)
        seconds = time.perf_counter() - started
        run, variant = met.experiment, met.variant.name
        trace = Trace(run.name, run.salt, variant, met.unit, seconds, body, failed=not body, shadowed=given)
        self.recorder.record(trace)


def _is_fault(status: int) -> bool:
    """Say whether a status is a fault of the variant: not what was asked, and not how many ask."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.NOT_FOUND


def _sender(request: Request) -> str:
    """Name who asks by their key; on this machine, where there are none, by their address."""
    found = request.scope.get(PRINCIPAL)
    if isinstance(found, Principal) and found.kind != "local":
        return f"{found.kind}:{found.name}"
    return request.client.host if request.client else ""


async def _never() -> NoReturn:
    """Wait for a client of whom nothing more comes: a shadow has none who could go away."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError
