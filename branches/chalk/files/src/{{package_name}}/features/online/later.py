"""Keeping what readers computed, without letting them wait for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

from ...logs import get_logger
from .protocol import Compacted, OnlineStore, OnlineStoreError

_MOST = 1000  # batches that wait; what comes beyond is computed again by the next reader
_log = get_logger(__name__)


class Later:
    """A thread that writes to a store what is worth to be kept; it begins with the first of it."""

    def __init__(self, store: OnlineStore) -> None:
        self._store = store
        self._queue: queue.Queue[Sequence[Compacted] | None] = queue.Queue(_MOST)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def put(self, states: Sequence[Compacted]) -> None:
        """Have them written, unless too much waits already."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="online-features", daemon=True)
                    self._thread.start()
        try:
            self._queue.put_nowait(states)
        except queue.Full:
            return

    def close(self) -> None:
        """Write what waits, and end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (states := self._queue.get()) is not None:
            try:
                self._store.compact(states)
            except OnlineStoreError as error:
                _log.warning("values are not kept, and are computed again", reason=error.message)
