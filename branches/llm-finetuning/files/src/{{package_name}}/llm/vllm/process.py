"""The process of vLLM: started, watched, started again where it dies, and ended."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from ...errors import ProjectError, first_line
from ...logs import get_logger
from ..errors import ModelError
from ..serving.relay import PATIENCE

_log = get_logger(__name__)

_POLL = 0.25
_GRACE = 20.0  # seconds that a process has to end by itself
_LONGEST_WAIT = 60.0  # seconds until it is started again
_TAIL = 2000  # bytes of its log that are looked at for a reason
_STEADY = 600.0  # seconds after which one that dies had been running well, and may be started as often as before


class VllmProcess:
    """A server of vLLM on a port of this machine that nobody else is told.

    Parameters
    ----------
    command
        What starts it, without an address.
    log
        File that it writes to; one that is there is replaced.
    start_seconds
        Until when it must answer.
    restarts
        How often it is started again.

    Attributes
    ----------
    key : str
        What it asks for; only this process knows it.
    client : httpx.AsyncClient
        Asks it, with that key.
    """

    def __init__(self, command: Sequence[str], log: Path, *, start_seconds: float, restarts: int) -> None:
        self._command = list(command)
        self._log = log
        self._start_seconds = start_seconds
        self._restarts = restarts
        self.key = secrets.token_urlsafe(32)
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._fault: ModelError | None = None
        self.client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self.key}"},
            limits=httpx.Limits(max_connections=None),
            timeout=PATIENCE,
            trust_env=False,  # a proxy would look for it on its own machine
        )

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return self._ready.is_set()

    @property
    def url(self) -> str:
        """Its address, once it answers."""
        return f"{str(self.client.base_url).rstrip('/')}/v1"

    @property
    def fault(self) -> ModelError:
        """Why it does not answer."""
        return self._fault or ModelError("vLLM is starting", hint="try again soon")

    def start(self) -> None:
        """Start it, and keep it running until `stop`."""
        self._watching = asyncio.create_task(self._keep_running())

    async def wait(self) -> None:
        """Wait until it answers.

        Raises
        ------
        ModelError
            If it has ended, and is not started again.
        """
        while not self.ready:
            if self._watching is None or self._watching.done():
                raise self.fault
            await asyncio.sleep(_POLL)

    async def stop(self) -> None:
        """End it."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._end()
        await self.client.aclose()

    async def _keep_running(self) -> None:
        starts = 0
        while starts <= self._restarts:
            starts, began = starts + 1, time.monotonic()
            try:
                await self._run()
            except ProjectError as error:
                self._fault = ModelError(error.message, hint=error.hint)
            if self.ready and time.monotonic() - began > _STEADY:
                starts = 1
            self._ready.clear()
            await self._end()
            _log.error("vLLM does not run", reason=self.fault.message, starts=starts, allowed=self._restarts + 1)
            if starts <= self._restarts:
                await asyncio.sleep(min(2.0 ** (starts - 1), _LONGEST_WAIT))

    async def _run(self) -> None:
        """Start it once, and come back when it has ended."""
        port = _free_port()
        process = await self._launch(port)
        self._process = process
        ending = asyncio.create_task(process.wait())
        try:
            async with asyncio.timeout(self._start_seconds):
                while not ending.done() and not await self._answers(port):
                    await asyncio.sleep(_POLL)
        except TimeoutError as error:
            ending.cancel()
            raise ModelError(
                f"vLLM did not answer within {self._start_seconds:g} s",
                hint=f"see {self._log}, or raise llm.vllm.start_seconds",
            ) from error
        if not ending.done():
            self.client.base_url = httpx.URL(f"http://127.0.0.1:{port}")
            self._ready.set()
            _log.info("vLLM answers", pid=process.pid, log=str(self._log))
        code = await ending
        raise ModelError(f"vLLM has ended with {code}: {self._last_words()}", hint=f"see {self._log}")

    async def _launch(self, port: int) -> asyncio.subprocess.Process:
        words = [*self._command, "--host", "127.0.0.1", "--port", str(port)]
        _log.info("vLLM is started", command=" ".join(words))
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("wb") as output:
                return await asyncio.create_subprocess_exec(
                    *words,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**os.environ, "VLLM_API_KEY": self.key},
                    start_new_session=True,  # it has workers, which end with it
                )
        except OSError as error:
            raise ModelError(
                f"{words[0]} can't be started, or not write to {self._log}: {first_line(error)}",
                hint="install vLLM in an environment of its own, and name its program in llm.vllm.command",
            ) from error

    async def _answers(self, port: int) -> bool:
        with suppress(httpx.HTTPError):
            return (await self.client.get(f"http://127.0.0.1:{port}/health", timeout=5)).is_success
        return False

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = self._log.read_bytes()[-_TAIL:].decode("utf-8", "replace").strip().splitlines()
            if lines:
                return lines[-1].strip()
        return "it has said nothing"

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):  # its workers may outlive it
                os.killpg(process.pid, sign)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _GRACE)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
