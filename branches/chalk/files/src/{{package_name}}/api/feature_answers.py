"""Features as the service reads and tells them, with their numbers for Prometheus."""

from __future__ import annotations

import threading
import time
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from ..config import Config
from ..errors import ProjectError
from ..features.chalk_integration import open_either
from ..features.definitions.registry import Definitions, find_definitions
from ..features.online.checking import parse_inputs
from ..features.online.features import OnlineFeatures
from ..features.online.protocol import OnlineStoreError
from ..features.online.reading import Found
from ..features.semantics import FeatureValue, Status
from ..serving.answers import Readiness

if TYPE_CHECKING:
    from ..features.chalk_service import ChalkService

_SHOWN = {status: status.value for status in Status}
_STANDS_IN = frozenset((Status.MISSING, Status.EXPIRED, Status.UNAVAILABLE))
_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Question:
    """What is asked for, and when.

    Attributes
    ----------
    names
        Of features; none: all of the set.
    inputs
        For all entities, or for each.
    """

    feature_set: str
    keys: Sequence[str | int]
    names: Sequence[str] = ()
    inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = field(default_factory=dict)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))


class FeatureAnswers:
    """The online features of the service, opened when they are first used."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._opened: OnlineFeatures | ChalkService | None = None
        self._versions: dict[str, dict[str, str]] = {}
        self._values: Counter | None = None
        self._seconds: Histogram | None = None
        self._counted: dict[tuple[str, Status], Counter] = {}
        self._timed: dict[str, Histogram] = {}

    @cached_property
    def definitions(self) -> Definitions:
        """What the project defines."""
        return find_definitions()

    @property
    def opened(self) -> OnlineFeatures | None:
        """The features, once they were used, and if they are not Chalk's."""
        return self._opened if isinstance(self._opened, OnlineFeatures) else None

    def load(self) -> None:
        """Import the definitions: the first request need not wait for it, and is told what is wrong with them."""
        with suppress(ProjectError):
            _ = self.definitions

    @property
    def near(self) -> bool:
        """Whether the store is open, and answers in microseconds."""
        return self.opened is not None and self.opened.store.near

    def read(self, asked: Question) -> list[Found]:
        """Read what is asked for.

        Raises
        ------
        FeatureError
            If there are no such features, an entity's key or an input is of another kind, or the store is away.
        """
        features = self.definitions[asked.feature_set]
        for name in asked.names:
            features[name]
        given: Any = (
            parse_inputs(features, asked.inputs)
            if isinstance(asked.inputs, Mapping)
            else [parse_inputs(features, one) for one in asked.inputs]
        )
        started = time.perf_counter()
        store = self._open()
        # A question about a moment ago is one about the past for Chalk, which has less to say of that
        at = asked.time if isinstance(store, OnlineFeatures) else None
        found = store.read(asked.feature_set, asked.keys, at=at, given=given)
        self._count(asked.feature_set, found, time.perf_counter() - started)
        if asked.names:
            return [{name: one[name] for name in asked.names} for one in found]
        return found

    def told(self, asked: Question, found: Found) -> dict[str, Any]:
        """Write an entity's features as JSON has them."""
        versions = self._versions.get(asked.feature_set)
        if versions is None:
            features = self.definitions[asked.feature_set]
            versions = {one.name: features.fingerprint(one.name) for one in features.features}
            self._versions[asked.feature_set] = versions
        return {name: _told(one, asked.time, versions[name]) for name, one in found.items()}

    def count_in(self, registry: CollectorRegistry) -> None:
        """Count values by their status, and how long they take to be read."""
        names = ("feature_set", "status")
        self._values = Counter("feature_values", "Values of features that were read", names, registry=registry)
        self._seconds = Histogram(
            "feature_read_duration_seconds",
            "Seconds until the features of a request were read",
            ("feature_set",),
            buckets=_BUCKETS,
            registry=registry,
        )

    def ready(self) -> Readiness | None:
        """Tell whether the store answers; nothing while features are not used."""
        if self._opened is None:
            return None
        try:
            self._opened.store.check() if isinstance(self._opened, OnlineFeatures) else self._opened.check()
        except OnlineStoreError:
            return Readiness("degraded", ("the store of online features does not answer",))
        return Readiness("ready", ())

    def close(self) -> None:
        """End the connections."""
        if self._opened is not None:
            self._opened.close()

    def _open(self) -> OnlineFeatures | ChalkService:
        with self._lock:  # two first requests open it once
            if self._opened is None:
                self._opened = open_either(self._config, self.definitions)
            return self._opened

    def _count(self, feature_set: str, found: Sequence[Found], seconds: float) -> None:
        if self._values is None or self._seconds is None:
            return
        timed = self._timed.get(feature_set)  # to look them up by their labels takes longer than to count
        if timed is None:
            timed = self._timed[feature_set] = self._seconds.labels(feature_set)
        timed.observe(seconds)
        for status, count in Tally([one.status for row in found for one in row.values()]).items():
            counted = self._counted.get((feature_set, status))
            if counted is None:
                counted = self._counted[feature_set, status] = self._values.labels(feature_set, status.value)
            counted.inc(count)


def _told(one: FeatureValue, at: datetime, version: str) -> dict[str, Any]:
    value, status, time = one.value, one.status, one.time
    return {
        "value": value,
        "status": _SHOWN[status],
        "default": value is not None and status in _STANDS_IN,
        "time": time,
        "age_seconds": None if time is None else (at - time).total_seconds(),
        "version": version,
    }
