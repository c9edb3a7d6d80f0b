"""Processes that do tasks beside a service: they end with it, and one that dies is started again."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from ...logs import get_logger
from ...plugins import PACKAGE

_LOOK = 0.5  # seconds between two looks at whether they live
_LONGEST_PAUSE = 30.0  # seconds until one that dies again and again is started
_STOP = 15.0  # seconds that they have to end
_log = get_logger(__name__)


class WorkerPool:
    """Processes of `agents work`; to be used in a ``with`` block, or by `start` and `close`.

    Parameters
    ----------
    root
        Folder of the project.
    processes
        How many there are.
    env, overrides
        Environment and settings of theirs, as on the command line.
    """

    def __init__(self, root: Path, processes: int, *, env: str | None = None, overrides: Sequence[str] = ()) -> None:
        self._root = root
        self._command = [sys.executable, "-m", PACKAGE, "agents", "work", "--attached"]
        self._command += ["--env", env] if env else []
        self._command += [part for one in overrides for part in ("--set", one)]
        self._count = processes
        self._living: list[psutil.Popen] = []
        self._stop = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="workers of agents", daemon=True)

    def start(self) -> None:
        """Start the processes."""
        self._living = [self._begin() for _ in range(self._count)]
        self._keeper.start()

    def close(self) -> None:
        """End them; what they were doing, they or others go on with later."""
        self._stop.set()
        if self._keeper.ident is not None:
            self._keeper.join()
        for process in self._living:
            self._let_go(process)
        for process in self._living:
            try:
                process.wait(_STOP)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes."""
        return [process.pid for process in self._living]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> psutil.Popen:
        # The pipe tells it when this process is gone. A session of its own keeps Ctrl-C of the terminal from it.
        return psutil.Popen(self._command, cwd=self._root, stdin=subprocess.PIPE, start_new_session=True)

    def _let_go(self, process: psutil.Popen) -> None:
        if process.stdin is not None:
            process.stdin.close()

    def _keep(self) -> None:
        pause = _LOOK
        while not self._stop.wait(pause):
            dead = [number for number, process in enumerate(self._living) if process.poll() is not None]
            pause = min(pause * 2, _LONGEST_PAUSE) if dead else _LOOK
            for number in dead:
                _log.warning("a worker of agents ended and is started again", code=self._living[number].returncode)
                self._let_go(self._living[number])
                self._living[number] = self._begin()
