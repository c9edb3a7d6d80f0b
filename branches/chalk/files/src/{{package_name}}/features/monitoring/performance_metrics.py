"""How long it takes to compute features, and to read them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from ..definitions.sets import FeatureSet
from ..engines.protocol import Engine, Reader
from ..online.features import OnlineFeatures


@dataclass(frozen=True, slots=True)
class Latency:
    """How long runs took, in seconds."""

    what: str
    runs: int
    p50: float
    p99: float

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON has it."""
        return asdict(self)


def measure_serving(
    online: OnlineFeatures, one: FeatureSet, keys: Sequence[Any], at: datetime | None = None
) -> Latency:
    """Read entities one after the other, as a model that is asked would.

    Parameters
    ----------
    at
        The time of the question; the present if None.
    """
    return _measure("serving", [partial(online.read, one.name, [key], at=at) for key in keys])


def measure_computation(engine: Engine, read: Reader, one: FeatureSet, spine: pa.Table) -> Latency:
    """Compute all stored features of a set for questions, once.

    Parameters
    ----------
    spine
        Table of shape (n_questions, 2): key and `event_time`.
    """
    stored = one.select([feature.name for feature in one.stored])
    return _measure("computation", [partial(engine.point_in_time, spine, [stored], read)])


def _measure(what: str, calls: Sequence[Callable[[], object]]) -> Latency:
    taken = []
    for call in calls:
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    middle, slow = np.quantile(taken, [0.5, 0.99]) if taken else (0.0, 0.0)
    return Latency(what, len(taken), float(middle), float(slow))
