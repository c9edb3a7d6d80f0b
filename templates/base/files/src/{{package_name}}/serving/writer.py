"""Writing the prediction log beside the answers: what goes wrong with it is logged and counted, and delays nobody."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..logs import get_logger
from ..monitoring.predictions import PredictionLog, PredictionLogError, Record
from .config import LogConfig

_log = get_logger(__name__)

_PATIENCE = 10.0  # seconds for the last predictions at the end
_PRUNE_EVERY = 3600.0


@dataclass(slots=True)
class Counts:
    """What became of the predictions of this process.

    Attributes
    ----------
    waiting
        Not written yet.
    dropped
        Never written, as the queue was full, or the end came before the database was well again.
    failures
        Transactions that failed; what they held was tried again.
    """

    written: int = 0
    waiting: int = 0
    dropped: int = 0
    failures: int = 0


class Writer:
    """A bounded queue and the thread that empties it into the prediction log, batch by batch."""

    def __init__(self, config: LogConfig, root: Path) -> None:
        self._config, self._root = config, root
        self._queue: deque[Record] = deque()
        self._counts = Counts()
        self._log: PredictionLog | None = None
        self._failing = False
        self._pruned = -math.inf
        self._ending, self._awake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, records: Sequence[Record]) -> None:
        """Take predictions. Those that the queue has no room for are dropped."""
        room = self._config.queue - len(self._queue)
        if len(records) > room:
            if not self._counts.dropped:
                _log.warning("the queue of the prediction log is full: predictions are dropped", queue=len(self._queue))
            self._counts.dropped += len(records) - max(room, 0)
            records = records[: max(room, 0)]
        self._queue.extend(records)

    def counts(self) -> Counts:
        """Count what became of the predictions so far."""
        now = self._counts
        return Counts(now.written, len(self._queue), now.dropped, now.failures)

    def failing(self) -> bool:
        """Whether the last transaction failed."""
        return self._failing

    def flush(self, seconds: float = 2.0) -> None:
        """Write what waits now, and return when that is done, or can't be done within some seconds."""
        wanted = self._counts.written + len(self._queue)
        end = time.monotonic() + seconds
        self._awake.set()
        while self._counts.written < wanted and not self._failing and time.monotonic() < end:
            time.sleep(0.005)

    def close(self) -> None:
        """Write what waits, for some seconds at most, and stop."""
        self._ending.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE + 5)
        lost = len(self._queue)
        if lost:
            self._counts.dropped += lost
            self._queue.clear()
            _log.error("predictions were lost at the end: the prediction log could not be written", predictions=lost)

    def _work(self) -> None:
        pause = self._config.interval
        while not self._ending.is_set():
            self._awake.wait(pause)
            self._awake.clear()
            pause = self._config.interval
            if not self._drain():
                pause = max(1.0, 4 * pause)
            elif self._log and time.monotonic() - self._pruned > _PRUNE_EVERY:
                self._prune(self._log)
        end = time.monotonic() + _PATIENCE
        while self._queue and not self._drain() and time.monotonic() < end:
            time.sleep(0.2)
        if self._log:
            self._log.close()

    def _drain(self) -> bool:
        """Write batches until the queue is empty; tell whether that went well."""
        while self._queue:
            # Only this thread takes records out, so that those it reads here are the first until it does.
            batch = [self._queue[number] for number in range(min(self._config.batch, len(self._queue)))]
            try:
                self._log = self._log or PredictionLog.open(self._config.url, self._root)
                self._log.append(batch)
            except PredictionLogError as error:
                self._fail(error)
                return False
            for _ in batch:
                self._queue.popleft()
            self._counts.written += len(batch)
            if self._failing:
                self._failing = False
                _log.info("the prediction log is written again")
        return True

    def _fail(self, error: PredictionLogError) -> None:
        self._counts.failures += 1
        if not self._failing:
            self._failing = True
            _log.error("predictions wait: the prediction log can't be written", reason=error.message, hint=error.hint)

    def _prune(self, log: PredictionLog) -> None:
        self._pruned = time.monotonic()
        with suppress(PredictionLogError):  # the next hour is early enough
            log.prune(datetime.now(UTC) - timedelta(days=self._config.keep_days))
