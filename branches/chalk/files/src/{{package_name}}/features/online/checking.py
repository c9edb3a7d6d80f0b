"""Whether rows, as they come over HTTP, are what definitions say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..definitions.entities import Entity, Kind, Source
from ..definitions.sets import FeatureSet
from ..errors import FeatureError
from .plan import check_value, key_text


def faults_of_source(source: Source, entity: Entity, row: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with a row of a source; nothing is needed but the key of its entity, and its times."""
    times = {source.time: Kind.TIMESTAMP, **({source.created: Kind.TIMESTAMP} if source.created else {})}
    faults = [f"{name} is missing" for name in (source.key, *times) if row.get(name) is None]
    return faults + _faults_of_key(entity, row) + faults_of_values({**times, **source.columns}, row, also={source.key})


def faults_of_features(features: FeatureSet, row: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with values of features; each is needed, and may be NULL."""
    faults = [f"{one.name} is missing" for one in features.features if one.name not in row]
    faults += _faults_of_key(features.entity, row)
    return faults + faults_of_values(features.kinds, row, also={features.entity.key})


def _faults_of_key(entity: Entity, row: Mapping[str, Any]) -> list[str]:
    try:
        if row.get(entity.key) is not None:
            key_text(entity, row[entity.key])
    except FeatureError as error:
        return [f"{error.message}: {error.hint}"]
    return []


def faults_of_values(kinds: Mapping[str, Kind], row: Mapping[str, Any], also: set[str]) -> list[str]:
    """Say which values are of another kind, and which have no place."""
    faults = [f"{name} is not in the definition" for name in row if name not in kinds and name not in also]
    for name, kind in kinds.items():
        try:
            parse_value(kind, row.get(name))
        except (TypeError, ValueError) as error:
            faults.append(f"{name}: {error}")
        except FeatureError as error:
            faults.append(f"{name}: {error.message}")
    return faults


def parse_value(kind: Kind, value: Any) -> Any:
    """Read a value of JSON, in which times are text.

    Raises
    ------
    TypeError, ValueError, FeatureError
        If it is not of the kind, or a time has no zone.
    """
    if kind is Kind.TIMESTAMP and isinstance(value, str):
        value = datetime.fromisoformat(value)
    check_value(kind, value)
    return value


def parse_inputs(features: FeatureSet, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a request brings for features on demand.

    Raises
    ------
    FeatureError
        If the set takes no such input, or a value is of another kind.
    """
    found = {}
    for name, value in given.items():
        if name not in features.inputs:
            known = ", ".join(features.inputs) or "none"
            raise FeatureError(f"{features.name} takes no input {name[:63]!r}", hint=f"it takes {known}")
        try:
            found[name] = parse_value(features.inputs[name], value)
        except (TypeError, ValueError) as error:
            hint = f"it is of the kind {features.inputs[name]}"
            raise FeatureError(f"the input {name!r} of {features.name}: {error}", hint=hint) from error
    return found
