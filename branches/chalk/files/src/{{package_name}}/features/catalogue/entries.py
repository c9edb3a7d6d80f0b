"""What the catalogue says of sources, sets and features.

definitions + contracts + registered models + newest tables + newest rows of sources + online store → entries
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from ...config import Config
from ...errors import ProjectError
from ..config import FeaturesConfig
from ..contracts import Contract, read_contracts
from ..definitions.entities import Source
from ..definitions.features import Latest, OnDemand
from ..definitions.registry import Definitions
from ..definitions.sets import FeatureSet
from ..engines.connection import connect
from ..monitoring.quality_metrics import FeatureQuality, measure_quality
from ..online.streams import known_until
from ..pipelines.changes import lineage
from ..pipelines.feature_store import FeatureTables
from ..sources import open_reader
from ..sources.reader import SourceReader
from ..stores import open_features
from ..times import from_micros
from ..validation_rules import Rule, make_rules
from .histograms import Histogram, histograms
from .models import Models, find_models
from .words import made_of, span, tests

_SECRET = re.compile(r"((?:password|passwd|pwd|token|secret|key)\w*=)[^&#;]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A source.

    Attributes
    ----------
    newest
        Event time of its newest row; None if it has none, or `fault` says why it can't be read.
    """

    name: str
    description: str
    location: str
    key: str
    time: str
    created: str | None
    topic: str | None
    newest: datetime | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class FeatureEntry:
    """A feature.

    Attributes
    ----------
    type
        `latest`, `window`, `session` or `ondemand`.
    made_of
        How its values follow, in words.
    tests
        What is checked of its values, in words; none for what is computed on demand.
    parts, whole
        What it is made of, and the features that are made of it, by reference.
    models
        The registered models that read it, such as `next-purchase 3 (champion)`.
    quality, histogram
        Of the newest table; None without one.
    """

    reference: str
    description: str
    type: str
    kind: str
    made_of: str
    source: str
    ttl: str
    default: Any
    version: str
    tests: tuple[str, ...]
    consumers: tuple[str, ...]
    parts: tuple[str, ...]
    whole: tuple[str, ...]
    models: tuple[str, ...]
    quality: FeatureQuality | None = None
    histogram: Histogram | None = None


@dataclass(frozen=True, slots=True)
class SetEntry:
    """A set of features.

    Attributes
    ----------
    consumers
        The features that each reads, by its name.
    newest
        The time of the newest table of the definitions as they are.
    online
        Until when rows of each source are in the online store, by its name; None for one that was never written.
    """

    name: str
    description: str
    entity: str
    key: str
    owner: str
    tags: tuple[str, ...]
    features: tuple[FeatureEntry, ...]
    consumers: Mapping[str, tuple[str, ...]]
    newest: datetime | None
    online: Mapping[str, datetime | None]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is defined."""

    sets: tuple[SetEntry, ...]
    sources: tuple[SourceEntry, ...]
    models: Models

    def to_json(self) -> dict[str, Any]:
        """Write it for other programs; times are objects."""
        return asdict(self)


def make_catalogue(config: Config, definitions: Definitions) -> Catalogue:
    """Gather what there is to say; a source, table, store or model that can't be read is no error.

    Raises
    ------
    FeatureError
        If a contract can't be read.
    """
    own = config.group("features", FeaturesConfig)
    contracts = read_contracts(config.root / own.validation.contracts)
    tables = FeatureTables(config.root / own.batch.tables)
    online, edges, models = _online(config, definitions), lineage(definitions), find_models(config, definitions)
    names = [f"{one.name}.{feature.name}" for one in definitions.sets for feature in one.features]
    rules = make_rules(names, definitions, contracts, own.validation.completeness)
    sets = tuple(_set(one, tables, contracts, online, _features(one, rules, edges, models)) for one in definitions.sets)
    reader = open_reader(config)
    return Catalogue(sets, tuple(_source(one, reader) for one in definitions.sources), models)


def _set(
    one: FeatureSet,
    tables: FeatureTables,
    contracts: Sequence[Contract],
    online: Mapping[tuple[str, str], datetime],
    features: Sequence[FeatureEntry],
) -> SetEntry:
    newest = max((at for at in tables.times(one.name) if not tables.outdated(one, at)), default=None)
    if newest is not None:
        frame = pl.DataFrame(tables.read(one, newest))
        kinds = {f"{one.name}.{feature.name}": feature.kind for feature in one.stored}
        quality = {found.feature: found for found in measure_quality(frame, kinds)}
        shapes = histograms(frame, kinds)
        features = [
            replace(entry, quality=quality.get(entry.reference), histogram=shapes.get(entry.reference))
            for entry in features
        ]
    return SetEntry(
        one.name,
        one.description,
        one.entity.name,
        one.entity.key,
        one.owner,
        tuple(one.tags),
        tuple(features),
        {found.consumer: _named(found, one) for found in contracts if one.name in found.sets},
        newest,
        {source.name: online.get((one.name, source.name)) for source in one.sources},
    )


def _named(contract: Contract, one: FeatureSet) -> tuple[str, ...]:
    return tuple(name for name in contract.columns if name.partition(".")[0] == one.name)


def _features(
    one: FeatureSet, rules: Mapping[str, Rule], edges: Sequence[tuple[str, str]], models: Models
) -> list[FeatureEntry]:
    found = []
    for feature in one.features:
        name, stored = f"{one.name}.{feature.name}", not isinstance(feature, OnDemand)
        found.append(
            FeatureEntry(
                name,
                feature.description,
                type(feature).__name__.lower(),
                str(one.kinds[feature.name]),
                made_of(feature),
                "" if isinstance(feature, OnDemand) else feature.source.name,
                span(feature.ttl) if isinstance(feature, Latest) and feature.ttl else "",
                None if isinstance(feature, OnDemand) else feature.default,
                one.fingerprint(feature.name),
                tuple(tests(rules[name])) if stored else (),
                rules[name].consumers,
                tuple(source for source, target in edges if target == name),
                tuple(target for source, target in edges if source == name),
                tuple(model.title for model in models.of(name)),
            )
        )
    return found


def _source(one: Source, reader: SourceReader) -> SourceEntry:
    newest, fault = None, ""
    try:
        with connect() as connection:
            reader.scan(one, []).create(connection, "rows")
            last = connection.sql("SELECT epoch_us(max(_time)) FROM rows").fetchall()[0][0]
        newest = None if last is None else from_micros(last)
    except (ProjectError, duckdb.Error) as error:
        fault = str(error).splitlines()[0]
    location = without_secrets(one.location)
    return SourceEntry(one.name, one.description, location, one.key, one.time, one.created, one.topic, newest, fault)


def _online(config: Config, definitions: Definitions) -> dict[tuple[str, str], datetime]:
    """Say until when rows of sources are in the online store, by set and source."""
    store = config.group("features", FeaturesConfig).feature_store.online_store
    if store.type == "sqlite" and not (config.root / store.path).exists():
        return {}  # reading would make it
    found: dict[tuple[str, str], datetime] = {}
    try:
        online = open_features(config, definitions)
    except ProjectError:
        return {}
    try:
        marks = online.store.marks()
        for plan in online.plans:
            until = known_until(marks, plan)
            if until is not None:
                owners = {name.partition(".")[0] for name in plan.features}
                found |= {(name, plan.source.name): from_micros(until) for name in owners}
    except ProjectError:
        return {}
    finally:
        online.close()
    return found


def without_secrets(location: str) -> str:
    """Leave out who logs in, and with what: `postgresql://user:password@host/db` is shown as `postgresql://host/db`."""
    scheme, mark, rest = location.partition("://")
    shown = f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else location
    return _SECRET.sub(r"\1…", shown)
