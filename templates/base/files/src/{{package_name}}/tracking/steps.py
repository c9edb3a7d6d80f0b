"""Metrics of a run on their way to its store."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..logs import get_logger
from .errors import TrackingError

_log = get_logger(__name__)

_SECONDS = 1.0  # between two tries
_RELIEF = 20  # times what a failed try took: a store that hangs takes a twentieth of a training at most


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a run.

    Attributes
    ----------
    step
        Counts from 1; 0 for what belongs to no step.
    time
        Milliseconds since 1970.
    """

    name: str
    value: float
    step: int
    time: int


@dataclass(slots=True)
class Measures:
    """Numbers that wait to be kept, those of steps for about a second: to keep them can take as long as a step.

    Attributes
    ----------
    keep
        Keeps numbers for good, or raises a `TrackingError`.
    """

    keep: Callable[[Sequence[Measure]], None]
    _waiting: list[Measure] = field(default_factory=list)
    _next: float = field(default_factory=lambda: time.monotonic() + _SECONDS)

    def add(self, metrics: Mapping[str, float], step: int | None) -> None:
        """Take numbers, and leave out what is not finite.

        Those of a step wait when the store fails, and are tried again: a training of days does not end with a server.
        """
        now = int(time.time() * 1000)
        finite = {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
        self._waiting += [Measure(name, value, step or 0, now) for name, value in finite.items()]
        if step is None:
            self.flush()
        elif (began := time.monotonic()) > self._next:
            try:
                self.flush()
            except TrackingError as error:
                ended = time.monotonic()
                self._next = ended + max(_SECONDS, _RELIEF * (ended - began))
                _log.warning("metrics wait", number=len(self._waiting), reason=error.message)

    def flush(self) -> None:
        """Keep all that wait."""
        if self._waiting:
            self.keep(self._waiting)
            self._waiting = []
        self._next = time.monotonic() + _SECONDS
