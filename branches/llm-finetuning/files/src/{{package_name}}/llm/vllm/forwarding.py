"""Requests that vLLM answers: held to the same limits as those that are answered here, and sent on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from ...errors import first_line
from ...logs import get_logger
from ..config import LLMConfig
from ..errors import ModelError
from ..inference.tickets import BusyError
from ..models.names import unknown_model
from ..serving.relay import Reply, relay
from ..training.checkpoint_names import label_of
from ..training.checkpointing import CheckpointManager
from .command import serve_command
from .process import VllmProcess

_log = get_logger(__name__)

_ROWS = 256
"""That vLLM writes at once where it decides itself: its default of ``--max-num-seqs``."""
_LOG = Path("reports", "vllm", "vllm.log")


class Forwarding:
    """The other side of the routes.

    Parameters
    ----------
    config
        Of the project.
    root
        Folder of the project, which has its checkpoints.

    Raises
    ------
    CheckpointError
        If a checkpoint is missing or was changed.
    ModelError
        If vLLM can't serve it.
    """

    def __init__(self, config: LLMConfig, root: Path) -> None:
        settings, manager = config.vllm, CheckpointManager.of_project(root)
        reference = config.served
        command = serve_command(config, manager, reference, root)
        facts = manager.metadata(manager.path(reference))
        created = int(datetime.fromisoformat(facts["created_at"]).timestamp())
        self.names = [(name, created) for name in (label_of(facts), facts["name"], *settings.adapters)]
        self._fallback = settings.fallback
        rows = config.serving.rows
        self._most = (_ROWS if rows == "auto" else rows) + config.serving.queue
        self._going = 0
        self._process = VllmProcess(
            command, root / _LOG, start_seconds=settings.start_seconds, restarts=settings.restarts
        )

    async def start(self, *, wait: bool) -> None:
        """Start vLLM; if asked to, wait until it answers.

        Raises
        ------
        ModelError
            If it does not answer, and nothing else may.
        """
        self._process.start()
        if not wait:
            return
        try:
            await self._process.wait()
        except ModelError as error:
            if not self._fallback:
                await self.stop()
                raise
            _log.warning("transformers answers in place of vLLM", reason=error.message)

    async def stop(self) -> None:
        """End vLLM."""
        await self._process.stop()

    def takes(self) -> bool:
        """Say whether requests are for vLLM: not while it is away and transformers may answer."""
        return self._process.ready or not self._fallback

    def fault(self) -> ModelError | None:
        """Say why requests are not answered, if they are not."""
        return self._process.fault if self.takes() and not self._process.ready else None

    async def send(self, path: str, body: Mapping[str, Any], held: AsyncExitStack) -> Reply:
        """Have a request answered.

        Parameters
        ----------
        path
            Below ``/v1``.
        body
            As OpenAI's clients send it.
        held
            Closed when the answer has been sent: it keeps the connection, and the request's place, until then.

        Raises
        ------
        UnknownModelError
            If the model has none of the names.
        BusyError
            If too many requests are under way.
        ModelError
            If vLLM does not answer.
        """
        names = [name for name, _ in self.names]
        if body["model"] not in names:
            raise unknown_model(body["model"], names)
        if not self._process.ready:
            raise self._process.fault
        held.enter_context(self._place())
        client = self._process.client
        request = client.build_request("POST", f"/v1{path}", json=body)
        return await relay(client, request, held, _lost, stream=bool(body.get("stream")))

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._going >= self._most:
            raise BusyError(f"{self._going} requests are under way already", 1)
        self._going += 1
        try:
            yield
        finally:
            self._going -= 1


def _lost(error: httpx.HTTPError) -> ModelError:
    return ModelError(f"vLLM did not answer to the end: {first_line(error)}", hint="try again")
