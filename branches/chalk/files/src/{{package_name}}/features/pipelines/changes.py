"""What definitions were applied, what has changed since, and what that means for tables.

Definitions and `applied.json` give changes, changes with tables give a plan, and a plan is applied.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ..definitions.features import Feature, OnDemand, meaning, used_columns
from ..definitions.registry import Definitions
from ..definitions.sets import FeatureSet
from ..errors import FeatureError
from ..locks import alone
from ..tables import write_text
from .feature_store import FeatureTables

Facts = Mapping[str, Any]


class Action(StrEnum):
    """What happened to a feature since definitions were applied."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a feature.

    Attributes
    ----------
    details
        By what changed, such as `span`: what it was and what it is.
    times
        How many times of its table have to be computed again, or still have what was removed.
    """

    feature: str
    action: Action
    details: Mapping[str, tuple[Any, Any]]
    times: int = 0

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON has it."""
        return asdict(self)


def describe(definitions: Definitions) -> dict[str, dict[str, Any]]:
    """Say what values depend on, by reference of each feature."""
    return {f"{one.name}.{feature.name}": _facts(one, feature) for one in definitions.sets for feature in one.features}


def changes(before: Mapping[str, Facts], now: Mapping[str, Facts]) -> list[Change]:
    """Compare what was applied with what is defined; of what only a description says, nothing changes."""
    found = [Change(name, Action.REMOVED, {}) for name in before if name not in now]
    for name, facts in now.items():
        if name not in before:
            found.append(Change(name, Action.ADDED, {}))
        elif before[name]["version"] != facts["version"]:
            found.append(Change(name, Action.CHANGED, _differences(before[name], facts)))
    return sorted(found, key=lambda change: change.feature)


@dataclass(frozen=True, slots=True)
class Applied:
    """The definitions that were applied, in a file of the project."""

    path: Path

    def read(self) -> dict[str, Facts]:
        """Give what was applied; nothing if nothing was.

        Raises
        ------
        FeatureError
            If the file is not what was written.
        """
        if not self.path.exists():
            return {}
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(name): dict(facts) for name, facts in found["features"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            hint = "restore it from a backup, or delete it and apply again: no table is lost"
            raise FeatureError(f"{self.path} can't be read", hint=hint) from error

    def plan(self, definitions: Definitions, tables: FeatureTables) -> list[Change]:
        """Say what applying the definitions would do."""
        return [_with_times(change, definitions, tables) for change in changes(self.read(), describe(definitions))]

    def apply(self, definitions: Definitions, tables: FeatureTables) -> list[Change]:
        """Write what is defined; tables are computed by `Backfill`.

        Raises
        ------
        FeatureError
            If another is applying, or there is no room.
        """
        busy = "definitions are being applied by another process"
        with alone(self.path.with_suffix(".lock"), busy, "wait for it"):
            found = self.plan(definitions, tables)
            write_text(json.dumps({"features": describe(definitions)}, indent=2, sort_keys=True), self.path)
            return found


def lineage(definitions: Definitions) -> list[tuple[str, str]]:
    """Give what each feature is made of: (`purchases.amount`, `customer.spend_30d`), and features of features."""
    return [edge for one in definitions.sets for feature in one.features for edge in _made_of(one, feature)]


def _facts(one: FeatureSet, feature: Feature) -> dict[str, Any]:
    common = {"version": one.fingerprint(feature.name), "entity": one.entity.name, "kind": str(one.kinds[feature.name])}
    if isinstance(feature, OnDemand):
        parts = {name: one.fingerprint(name) for name in sorted(feature.expression.names())}
        return common | {"type": "ondemand", "expression": feature.expression.to_json(), "of": parts}
    return common | meaning(feature)


def _differences(before: Facts, now: Facts) -> dict[str, tuple[Any, Any]]:
    names = [name for name in {**before, **now} if name != "version"]
    found = {name: (before.get(name), now.get(name)) for name in names}
    # What was applied came out of JSON, which has no tuples.
    return {name: (old, new) for name, (old, new) in found.items() if old != json.loads(json.dumps(new))}


def _with_times(change: Change, definitions: Definitions, tables: FeatureTables) -> Change:
    name, _, feature = change.feature.partition(".")
    times = tables.times(name)
    if change.action is Action.REMOVED:
        count = sum(feature in tables.versions(name, at) for at in times)
    else:
        one = definitions[name]
        stored = any(known.name == feature for known in one.stored)
        count = sum(tables.versions(name, at).get(feature) != one.fingerprint(feature) for at in times) if stored else 0
    return Change(change.feature, change.action, change.details, count)


def _made_of(one: FeatureSet, feature: Feature) -> list[tuple[str, str]]:
    target = f"{one.name}.{feature.name}"
    if isinstance(feature, OnDemand):
        parts = [f"{one.name}.{name}" for name in sorted(feature.expression.names())]
        parts += [f"request.{name}" for name in sorted(feature.expression.names("request"))]
        return [(part, target) for part in parts]
    columns = sorted(used_columns(feature)) or [feature.source.time]
    return [(f"{feature.source.name}.{column}", target) for column in columns]
