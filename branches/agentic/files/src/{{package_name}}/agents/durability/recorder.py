"""Writes events into the store, in the background: a run does not wait for each of them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from ...errors import ProjectError
from ...logs import get_logger
from ..events import Event
from .store import RunStore

_MOST_AT_ONCE = 500
_PATIENCE = 30.0  # seconds that the end of a run waits for its events to be written
_KEPT_AWAY = frozenset({"model_token"})  # there is one for each word, and the whole answer comes after them


class EventRecorder:
    """A listener that keeps events. It is closed by its run.

    Parameters
    ----------
    holds
        Whether this process still does the run: the numbers of later events are those of another's.
    """

    def __init__(self, store: RunStore, holds: Callable[[], bool] = lambda: True) -> None:
        self._store = store
        self._holds = holds
        self._waiting: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="events of a run", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if self._holds():
            self._waiting.put(event)

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join(_PATIENCE)

    def _write_all(self) -> None:
        told = False
        while True:
            events, last = self._take()
            try:
                self._store.add_events(events)
            except ProjectError as error:  # what agents do matters more than what is known of it later
                if not told:
                    get_logger(__name__).error("events of a run are lost", reason=str(error))
                told = True
            if last:
                return

    def _take(self) -> tuple[list[Event], bool]:
        """Wait for an event, and take those that are there by then."""
        first = self._waiting.get()
        taken = [first]
        while taken[-1] is not None and len(taken) < _MOST_AT_ONCE and not self._waiting.empty():
            taken.append(self._waiting.get())
        events = [event for event in taken if event is not None and event.kind not in _KEPT_AWAY]
        return events, taken[-1] is None
