"""The loop of a stream: it takes messages, keeps what they come to, and only then asks for more."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...logs import get_logger
from ..errors import FeatureError
from ..online.protocol import OnlineStoreError
from ..times import from_micros
from .intake import Intake, Progress
from .ledger import Ledger
from .messages import EventSource, Messages, Partition, Unavailable

_log = get_logger(__name__)
_TIDY_SECONDS = 5.0
_PAUSE, _LONGEST_PAUSE = 0.1, 10.0  # seconds between two tries


@dataclass(slots=True)
class Tally:
    """What a run did."""

    messages: int = 0
    rows: int = 0
    rejected: int = 0
    dropped: int = 0
    seconds: float = 0.0

    def and_beside(self, other: Tally) -> Tally:
        """Add what was done at the same time."""
        return Tally(
            self.messages + other.messages,
            self.rows + other.rows,
            self.rejected + other.rejected,
            self.dropped + other.dropped,
            max(self.seconds, other.seconds),
        )


class StreamRun:
    """Takes events until they end, or until it is told to stop.

    Parameters
    ----------
    sources
        Where events come from.
    intakes
        What makes rows of them, by topic.
    batch
        How many messages are kept at once, at most.
    wait
        Seconds to wait for messages.
    """

    def __init__(
        self,
        sources: Sequence[EventSource],
        intakes: Mapping[str, Intake],
        ledger: Ledger,
        *,
        batch: int = 50_000,
        wait: float = 0.2,
    ) -> None:
        self._sources, self._intakes, self._ledger = sources, intakes, ledger
        self._batch, self._wait = batch, wait
        self._progress: dict[Partition, Progress] = {}
        self._tidied = time.monotonic()

    def run(self, stop: Callable[[], bool] = lambda: False) -> Tally:
        """Take events.

        Parameters
        ----------
        stop
            Asked between batches; what was taken is kept then.

        Raises
        ------
        FeatureError
            If a source can't be read. A store that does not answer is waited for.
        """
        tally, began = Tally(), time.monotonic()
        try:
            for source in self._sources:
                source.open(self.position)
            while not stop() and not all(source.ended for source in self._sources):
                for source in self._sources:
                    self._take(source, source.poll(self._batch, self._wait), tally, stop)
                self._tidy()
        finally:
            for source in self._sources:
                source.close()
        tally.seconds = time.monotonic() - began
        return tally

    def position(self, partition: Partition) -> int | None:
        """Tell where a partition goes on, by what was kept; another process may have gone on with it meanwhile."""
        found = self._ledger.progress(self._intake(partition.topic).source.name, partition)
        self._progress[partition] = found or Progress()
        return None if found is None else found.next

    def _take(self, source: EventSource, many: Sequence[Messages], tally: Tally, stop: Callable[[], bool]) -> None:
        waiting = [messages.since(self._progress[messages.partition].next) for messages in many]
        waiting = [messages for messages in waiting if messages.offsets]
        pause = _PAUSE
        while waiting:
            try:
                self._keep(waiting, tally)
                return
            except (OnlineStoreError, Unavailable) as error:
                if stop():
                    raise
                _log.warning("the stream waits", reason=error.message)
                source.keep_alive()
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _keep(self, many: Sequence[Messages], tally: Tally) -> None:
        taken = [self._intake(one.partition.topic).take(one, self._progress[one.partition]) for one in many]
        self._ledger.keep(taken)
        for messages, one in zip(many, taken, strict=True):
            before = self._progress[one.partition]
            self._progress[one.partition] = one.progress
            tally.messages += len(messages.offsets)
            tally.rows += len(one.rows)
            tally.rejected += len(one.dead)
            tally.dropped += one.progress.dropped - before.dropped

    def _tidy(self) -> None:
        """Drop rows that no later question needs, by the time of the stream: what is replayed can be asked about."""
        newest = [one.newest for one in self._progress.values() if one.newest is not None]
        if newest and time.monotonic() - self._tidied > _TIDY_SECONDS:
            now = time.time_ns() // 1000
            with contextlib.suppress(OnlineStoreError):  # the next batch tells, and waits
                self._ledger.tidy(from_micros(min(now, *newest)))
            self._tidied = time.monotonic()

    def _intake(self, topic: str) -> Intake:
        if topic not in self._intakes:
            raise FeatureError(f"no source has the topic {topic!r}", hint="name it in the definition of a source")
        return self._intakes[topic]
