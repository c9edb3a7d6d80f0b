"""The check: entities and times are sampled, read online, recomputed of the rows kept there, and computed offline.

keys and times → online values        what a model gets
               → stream values        computed of the rows that the store keeps
               → offline values       what a training set has
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, product, zip_longest
from typing import Any

import numpy as np
import pyarrow as pa

from ..definitions.sets import FeatureSet
from ..engines.connection import connect, explained
from ..engines.protocol import ARROW_TYPES, EVENT_TIME, UTC_TIME, Engine, Reader, columns_of
from ..online.features import OnlineFeatures
from ..online.plan import Plan
from ..online.reading import Found
from ..semantics import FeatureValue, Status
from ..times import from_micros
from .compare import TOLERANCE, alike
from .explain import Explainer

_MOST_EXPLAINED = 100
_STATUSES = {one.value: one for one in Status}
_AT_ONCE = 5_000  # entities whose values are in memory


@dataclass(frozen=True, slots=True)
class Sample:
    """How much is compared.

    Attributes
    ----------
    entities, times
        How many of each; every entity is asked about at every time.
    at
        The last of the times; None: the last at which all rows are known online and offline.
    """

    entities: int = 1000
    times: int = 3
    at: datetime | None = None
    seed: int = 0
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A value that is not the same everywhere.

    Attributes
    ----------
    reason
        `late data`, `rows`, `kept value`, `offline computation` or `rounding`; where it is defined otherwise online,
        `ttl` or `type` if that differs, else `definition`. Of what is made on demand, that of the part which differs.
    """

    feature: str
    key: Any
    time: datetime
    online: FeatureValue
    stream: FeatureValue | None
    offline: FeatureValue
    reason: str
    explanation: str


@dataclass(frozen=True, slots=True)
class ParityReport:
    """What was compared, and what is not the same."""

    feature_set: str
    compared: int
    mismatched: int
    mismatches: list[Mismatch] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Write it for other programs."""
        return asdict(self)


def check_parity(
    online: OnlineFeatures, engine: Engine, reader: Reader, features: FeatureSet, sample: Sample
) -> ParityReport:
    """Compare the values of a feature set.

    Returns
    -------
    ParityReport
        With the first hundred mismatches, each explained.

    Raises
    ------
    FeatureError
        If a source can't be read, or the store can't be used.
    NotMaterialisedError
        If nothing was written online for the features as they are defined now.
    """
    plans = [plan for plan in online.plans if any(name.startswith(f"{features.name}.") for name in plan.features)]
    keys = _sample_keys(reader, features, sample)
    if not keys:
        return ParityReport(features.name, 0, 0)
    times = _sample_times(online, plans, sample)
    offline = _offline(engine, reader, features, keys, times)
    explainer = Explainer(online, reader, features, sample.tolerance)
    compared = mismatched = 0
    found: list[Mismatch] = []
    for number, start in product(range(len(times)), range(0, len(keys), _AT_ONCE)):
        time, some = times[number], keys[start : start + _AT_ONCE]
        there = online.read(features.name, some, at=time)
        others = _found(features, offline.slice(number * len(keys) + start, len(some)))
        for key, row, other in zip(some, there, others, strict=True):
            compared += len(row)
            for name, value in row.items():
                if alike(value, other[name], sample.tolerance):
                    continue
                mismatched += 1
                if len(found) < _MOST_EXPLAINED:
                    stream, reason, told = explainer.explain(name, key, time, row, other)
                    found.append(Mismatch(name, key, time, value, stream, other[name], reason, told))
    return ParityReport(features.name, compared, mismatched, found)


def _sample_keys(reader: Reader, features: FeatureSet, sample: Sample) -> list[Any]:
    """Choose entities by a hash of their key, so that the same are compared again."""
    found: list[list[Any]] = []
    for source in features.sources:
        with connect() as connection, explained(f"the rows of {source.name} can't be read"):
            reader.scan(source, columns_of(source, [features])).create(connection, "rows")
            chosen = connection.view("rows").project("_key").distinct().filter("_key IS NOT NULL")
            ordered = chosen.order(f"hash(CAST(_key AS VARCHAR) || '{sample.seed}'), _key").limit(sample.entities)
            found.append([key for (key,) in ordered.fetchall()])
    turns = chain.from_iterable(zip_longest(*found))  # of each source in turn, so that none is left out
    return list(dict.fromkeys(key for key in turns if key is not None))[: sample.entities]


def _sample_times(online: OnlineFeatures, plans: Sequence[Plan], sample: Sample) -> list[datetime]:
    told = [online.filled(plan) or {} for plan in plans]
    known = [one["until"] for one in told if "until" in one]
    last = sample.at or (from_micros(min(known)) if len(known) == len(plans) else datetime.now(UTC))
    begun = [from_micros(one["since"]) for one in told if "since" in one]
    first = max(begun, default=last - timedelta(days=1))
    shares = np.random.default_rng(sample.seed).random(sample.times - 1).tolist()
    return [last, *(first + (last - first) * share for share in shares if first < last)]


def _offline(
    engine: Engine, reader: Reader, features: FeatureSet, keys: Sequence[Any], times: Sequence[datetime]
) -> pa.Table:
    """Compute the values of a training set: for each time, for each key."""
    count = len(keys) * len(times)
    columns = {
        features.entity.key: pa.array(list(keys) * len(times), ARROW_TYPES[features.entity.kind]),
        EVENT_TIME: pa.array([time for time in times for _ in keys], UTC_TIME),
        **{name: pa.nulls(count, ARROW_TYPES[kind]) for name, kind in features.inputs.items()},
    }
    return engine.point_in_time(pa.table(columns), [features], reader, statuses=True)


def _found(features: FeatureSet, table: pa.Table) -> list[Found]:
    names = [one.name for one in features.features]
    values = {name: table.column(f"{features.name}.{name}").to_pylist() for name in names}
    statuses = {name: table.column(f"{features.name}.{name}.status").to_pylist() for name in names}
    return [
        {name: FeatureValue(values[name][place], _STATUSES[statuses[name][place]]) for name in names}
        for place in range(table.num_rows)
    ]
