"""Which features can be computed together: those of one entity and one source need one sort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ..definitions.entities import Entity, Source
from ..definitions.expressions import Expression, has_now
from ..definitions.features import Latest, Session, Stored, Window
from ..definitions.sets import FeatureSet


@dataclass(frozen=True, slots=True)
class Group:
    """Features of one entity and one source, of any of the sets, by the column that each is asked for as."""

    entity: Entity
    source: Source
    asked: dict[str, Stored]

    @property
    def latest(self) -> dict[str, Latest]:
        """Those that are values of the newest row."""
        return {column: one for column, one in self.asked.items() if isinstance(one, Latest)}

    @property
    def windows(self) -> list[dict[str, Window]]:
        """Those that are aggregates over the last so and so long; apart, those whose conditions need the question."""
        found = {column: one for column, one in self.asked.items() if isinstance(one, Window)}
        simple = {column: one for column, one in found.items() if not has_now(one.where)}
        other = {column: one for column, one in found.items() if has_now(one.where)}
        return [one for one in (simple, other) if one]

    @property
    def sessions(self) -> list[dict[str, Session]]:
        """Give aggregates of sessions: together what has the same gap and the same rows."""
        found: dict[tuple[timedelta, str], dict[str, Session]] = {}
        for column, one in self.asked.items():
            if isinstance(one, Session):
                found.setdefault((one.gap, where_key(one.where)), {})[column] = one
        return list(found.values())


def groups(sets: Sequence[FeatureSet]) -> list[Group]:
    """Put features together by entity and source."""
    found: dict[tuple[str, str], dict[str, Stored]] = {}
    entities = {one.entity.name: one.entity for one in sets}
    sources = {source.name: source for one in sets for source in one.sources}
    for one in sets:
        for feature in one.stored:
            column = f"{one.name}.{feature.name}"
            found.setdefault((one.entity.name, feature.source.name), {})[column] = feature
    return [Group(entities[entity], sources[source], asked) for (entity, source), asked in found.items()]


def where_key(where: Expression | None) -> str:
    """Tell conditions apart."""
    return "" if where is None else str(where.to_json())


def needs_rows(one: Stored, *, statuses: bool) -> bool:
    """Say whether it matters if there were rows: a status tells, and a default stands in where there were none."""
    return statuses or one.default is not None
