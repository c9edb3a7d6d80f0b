"""Tells runs of this process that a person has ended them, from wherever that was, and holds them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ...errors import ProjectError
from ...logs import get_logger
from .leases import Leases
from .store import RunStore

_SECONDS = 0.5  # between two looks into the store


@dataclass(slots=True)
class Hold:
    """That this process does a run.

    Attributes
    ----------
    cancel
        Ends it.
    lost
        Whether another does it now.
    """

    name: str
    cancel: Callable[[], None]
    lost: bool = False


class CancelWatch:
    """Looks into the store, for all runs of this process at once, as long as there are any, and renews its leases."""

    def __init__(self, store: RunStore, leases: Leases) -> None:
        self._store = store
        self._leases = leases
        self._renewed = 0.0
        self._runs: dict[str, Hold] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, task_id: str, cancel: Callable[[], None]) -> Iterator[Hold]:
        """Hold a run during the ``with`` block, and call `cancel` if someone ends it, or it was lost to another.

        Raises
        ------
        ConflictError
            If another does it.
        """
        hold = Hold(self._leases.take(task_id), cancel)
        with self._changed:
            self.lose(task_id)  # which this process was too slow to renew, and has taken anew by this
            self._runs[task_id] = hold
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="cancelled runs", daemon=True)
                self._thread.start()
        try:
            yield hold
        finally:
            with self._changed:
                if self._runs.get(task_id) is hold:
                    del self._runs[task_id]
                self._changed.notify()
            self._free(task_id, hold)

    def _free(self, task_id: str, hold: Hold) -> None:
        try:
            self._leases.free(task_id, hold.name)
        except ProjectError as error:  # it is free when its time is over
            get_logger(__name__).warning("a run is held longer than it is done", task=task_id, reason=str(error))

    def lose(self, task_id: str) -> None:
        """Stop a run of this process that another does now, if it is one."""
        hold = self._runs.get(task_id)
        if hold is not None:
            self._lose(hold)

    def _lose(self, hold: Hold) -> None:
        hold.lost = True
        hold.cancel()

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
                        watched[task_id].cancel()
                self._renew(watched)
            except ProjectError as error:  # the run itself will hear of it
                get_logger(__name__).warning("the store of runs can't be asked", reason=str(error))
            with self._changed:
                self._changed.wait_for(lambda: not self._runs, _SECONDS)

    def _renew(self, watched: dict[str, Hold]) -> None:
        if time.monotonic() - self._renewed < self._leases.seconds / 5:
            return
        self._renewed = time.monotonic()
        for task_id, hold in watched.items():
            # Asked before and after: it may be given up meanwhile, or be taken anew under another name.
            if self._keeps(hold, task_id) and not self._leases.renew(task_id, hold.name) and self._keeps(hold, task_id):
                get_logger(__name__).warning("a run was taken by another", task=task_id)
                self._lose(hold)

    def _keeps(self, hold: Hold, task_id: str) -> bool:
        return self._runs.get(task_id) is hold
