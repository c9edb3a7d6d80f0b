"""Tells runs of this process that a person has ended them, from wherever that was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import ProjectError
from ...logs import get_logger
from .store import RunStore

_SECONDS = 0.5  # between two looks into the store


class CancelWatch:
    """Looks into the store, for all runs of this process at once, as long as there are any."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._runs: dict[str, Callable[[], None]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, task_id: str, cancel: Callable[[], None]) -> Iterator[None]:
        """Call `cancel` if someone ends the run during the ``with`` block."""
        with self._changed:
            self._runs[task_id] = cancel
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="cancelled runs", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._runs.pop(task_id, None)
                self._changed.notify()

    def cancel(self, task_id: str) -> None:
        """End a run of this process, if it is one."""
        cancel = self._runs.get(task_id)
        if cancel is not None:
            cancel()

    def _look(self) -> None:
        while True:
            with self._changed:
                if not self._runs:
                    self._thread = None
                    return
                watched = dict(self._runs)
            try:
                for task_id in self._store.cancelled():
                    if task_id in watched:
                        watched[task_id]()
            except ProjectError as error:  # the run itself will hear of it
                get_logger(__name__).warning("the store of runs can't be asked", reason=str(error))
            with self._changed:
                self._changed.wait_for(lambda: not self._runs, _SECONDS)
