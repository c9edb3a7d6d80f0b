"""A server in this process, for scripts, notebooks and tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ..errors import ModelError
from ..training.checkpointing import CheckpointManager

if TYPE_CHECKING:
    from types import TracebackType

    from uvicorn import Server

_POLL = 0.05


class ModelServer:
    """Serves a checkpoint over HTTP, beside whatever else this process does.

    Parameters
    ----------
    checkpoint_path : str or Path
        Folder of a checkpoint, or its reference, such as ``documents-qa@v1.0.0``.
    host : str
        Address to listen on.
    port : int
        Port to listen on; 0 takes a free one.
    overrides : sequence of str
        Values of the configuration, as ``--set`` takes them.
    root : Path, optional
        Folder of the project; found from the current folder by default.

    Examples
    --------
    >>> with ModelServer("documents-qa", port=0) as server:  # doctest: +SKIP
    ...     print(server.url)
    """

    def __init__(
        self,
        checkpoint_path: str | Path,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        overrides: Sequence[str] = (),
        root: Path | None = None,
    ) -> None:
        self._checkpoint = checkpoint_path
        self._given = [*overrides, f"api.host={host}", f"api.port={port}", "llm.serving.preload=true"]
        self._root = root
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    def start(self) -> None:
        """Load the model and serve it, in a thread; give control back once there are answers.

        Raises
        ------
        CheckpointError
            If there is no such checkpoint.
        ModelError
            If the server can't start, or has started already.
        """
        import uvicorn

        from ...api.app import create_app
        from ...api.config import ApiConfig
        from ...api.server import uvicorn_options
        from ...config import load_config

        if self._thread is not None:
            raise ModelError("the server has started already", hint="stop it first")
        root = load_config(root=self._root).root
        folder = CheckpointManager.of_project(root).path(self._checkpoint)
        given = [*self._given, f"llm.serving.checkpoint={folder.resolve()}"]
        config = load_config(overrides=given, root=root)
        settings = config.group("api", ApiConfig)
        server = uvicorn.Server(uvicorn.Config(create_app(config), **uvicorn_options(settings)))
        self._server, self._thread = server, threading.Thread(target=server.run, name="llm-server")
        self._thread.start()
        try:
            self._wait_for_start(server, self._thread, f"{settings.host}:{settings.port}")
        except BaseException:  # Ctrl-C too: nobody else could stop it
            self.stop()
            raise
        port = server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://{settings.host}:{port}/v1"

    @staticmethod
    def _wait_for_start(server: Server, thread: threading.Thread, address: str) -> None:
        while not server.started and thread.is_alive():
            time.sleep(_POLL)
        if not server.started:
            raise ModelError(
                f"the server on {address} did not start", hint="the log says why; another program may use the port"
            )

    def wait(self) -> None:
        """Wait until the server is stopped."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        """Let answers that are under way come to their end, and end."""
        if self._server is not None:
            self._server.should_exit = True
        self.wait()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
