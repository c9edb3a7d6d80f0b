"""The command `agents work`."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, SetOption, start

if TYPE_CHECKING:
    from .worker import Worker

_GRACE = 10.0  # seconds that tasks may take to end; others go on with them then


def work(
    processes: Annotated[int, typer.Option("--processes", min=1, help="Processes that do tasks")] = 1,
    overrides: SetOption = None,
    env: EnvOption = None,
    attached: Annotated[bool, typer.Option("--attached", hidden=True, help="End with who started it")] = False,
) -> None:
    """Do the tasks that were given to the service, until Ctrl-C. Several may run, also on several machines."""
    config = start(overrides, env)
    from ..opening import project_of

    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    if processes > 1:
        from .pool import WorkerPool

        with WorkerPool(config.root, processes, env=env, overrides=overrides or ()):
            stop.wait()
        return
    from .worker import Worker

    if attached:
        threading.Thread(target=_wait_for_end, args=(stop.set,), name="starter", daemon=True).start()
    worker = Worker(project_of(config))
    typer.echo(f"{worker.name} waits for tasks", err=True)
    _run(worker, stop)


def _run(worker: Worker, stop: threading.Event) -> None:
    thread = threading.Thread(target=worker.run, name="tasks", daemon=True)
    thread.start()
    stop.wait()
    worker.stop()
    thread.join(_GRACE)
    worker.give_back()


def _wait_for_end(ended: Callable[[], None]) -> None:
    """Wait until the process that started this one is gone: its end of the pipe is closed then, however it died."""
    sys.stdin.buffer.read()
    ended()
