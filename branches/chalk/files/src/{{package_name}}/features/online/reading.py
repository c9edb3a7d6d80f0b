"""Features of entities, read when a model is asked: the values that a training set would have at that time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from ..definitions.entities import Kind
from ..definitions.expressions import Expression
from ..definitions.sets import FeatureSet
from ..errors import FeatureError
from ..semantics import FeatureValue, Status, held
from ..times import from_micros
from .plan import Plan
from .protocol import Address, Compacted, OnlineStore, Values
from .state import State, read_values

Given: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
"""What a request brings along: for all entities, or for each."""
Found: TypeAlias = dict[str, FeatureValue]
Fallback: TypeAlias = Literal["error", "default"]


class NotMaterialisedError(FeatureError):
    """Nothing was written yet for a feature as it is defined now."""


def before_error(since: int) -> FeatureError:
    """Refuse a question about a time before what is kept, in microseconds."""
    message = f"the online store knows nothing of what was before {from_micros(since).isoformat()}"
    return FeatureError(message, hint="training sets know what was before: `features train-set`")


class Demanded(NamedTuple):
    """A feature that is computed of others when it is read.

    Attributes
    ----------
    names
        The features that it is made of.
    """

    name: str
    kind: Kind
    expression: Expression
    names: frozenset[str]


@dataclass(frozen=True)
class SetReader:
    """How a feature set is put together, looked up once: each read takes microseconds.

    Attributes
    ----------
    parts
        Each plan, and which of its values are which features of the set.
    demanded
        The features on demand, each after those that it is made of.
    names
        Of all features, in the set's order.
    """

    features: FeatureSet
    parts: tuple[tuple[Plan, tuple[tuple[int, str], ...]], ...]
    demanded: tuple[Demanded, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, features: FeatureSet, plans: Iterable[Plan]) -> SetReader:
        """Find the plans that bring a set's features."""
        prefix, parts = f"{features.name}.", []
        for plan in plans:
            references = enumerate(plan.features)
            places = tuple((at, name.removeprefix(prefix)) for at, name in references if name.startswith(prefix))
            if places and plan.entity == features.entity:
                parts.append((plan, places))
        demanded = tuple(
            Demanded(one.name, features.kinds[one.name], one.expression, one.expression.names())
            for one in features.in_order()
        )
        return cls(features, tuple(parts), demanded, tuple(one.name for one in features.features))

    def read(
        self, store: OnlineStore, keys: Sequence[str], at: int, given: Given
    ) -> tuple[list[Found], list[Compacted], list[Plan]]:
        """Read the features of entities.

        Returns
        -------
        list of dict of str to FeatureValue
            For each key.
        list of Compacted
            What was computed now, and could be kept for the next time.
        list of Plan
            Those that have nothing of any of the entities.
        """
        addresses: list[Address] = [(plan.part, key) for plan, _ in self.parts for key in keys]
        kept = store.values(addresses)
        stale = [place for place, one in enumerate(kept) if one is None or not one.since <= at < one.until]
        asked = {place: addresses[place] for place in stale}
        newer = {place for place in stale if (one := kept[place]) is not None and at < one.since}
        fresh, later, unknown = self._compute(store, asked, at, newer) if stale else ({}, [], Counter[str]())
        found: list[Found] = [{} for _ in keys]
        place = 0
        for plan, places in self.parts:
            for row in found:
                one = kept[place]
                values = fresh[place] if place in fresh else read_values(plan, one.data if one else b"")
                for at_plan, name in places:
                    row[name] = values[at_plan]
                place += 1
        empty = [plan for plan, _ in self.parts if keys and unknown[plan.part] == len(keys)]
        return [self.complete(row, at, given_of(given, number)) for number, row in enumerate(found)], later, empty

    def _compute(
        self, store: OnlineStore, asked: Mapping[int, Address], at: int, newer: Container[int]
    ) -> tuple[dict[int, list[FeatureValue]], list[Compacted], Counter[str]]:
        """Compute values of states; those of entities without one are counted by part.

        Where the store has `newer` values, a question about the past does not take their place.
        """
        plans = {plan.part: plan for plan, _ in self.parts}
        empty: dict[str, list[FeatureValue]] = {}
        fresh: dict[int, list[FeatureValue]] = {}
        later: list[Compacted] = []
        unknown = Counter[str]()
        for (place, (part, key)), data in zip(asked.items(), store.states(list(asked.values())), strict=True):
            if data is None:
                if part not in empty:
                    empty[part] = State(plans[part]).compute(at).values
                fresh[place] = empty[part]
                unknown[part] += 1
                continue
            state = State.from_bytes(plans[part], data)
            if at < state.since:
                raise before_error(state.since)
            computed = state.compute(at)
            fresh[place] = computed.values
            if computed.until > at and place not in newer:
                values = Values(computed.to_bytes(), computed.since, computed.until)
                later.append(Compacted(part, key, data, state.to_bytes(), values))
        return fresh, later, unknown

    def complete(self, row: Found, at: int, given: Mapping[str, Any] | None) -> Found:
        """Add the features on demand, and give all in the set's order."""
        if self.demanded:
            values, moment = {name: one.value for name, one in row.items()}, from_micros(at)
            for name, kind, expression, names in self.demanded:
                value = values[name] = held(kind, expression.evaluate(values, moment, given))
                made_of = [row[one] for one in names]
                status = Status.NULL if value is None else Status.PRESENT
                if any(one.status is Status.UNAVAILABLE for one in made_of):
                    status = Status.UNAVAILABLE  # it is made of what stands in
                times = [one.time for one in made_of if one.time is not None]
                row[name] = FeatureValue(value, status, max(times, default=None))
        return {name: row[name] for name in self.names}

    def defaults(self, keys: Sequence[str], at: int, given: Given) -> list[Found]:
        """Give what stands in while the store does not answer."""
        row = {one.name: FeatureValue(one.default, Status.UNAVAILABLE) for one in self.features.stored}
        return [self.complete(dict(row), at, given_of(given, number)) for number in range(len(keys))]


def given_of(given: Given, number: int) -> Mapping[str, Any] | None:
    """Give what a request brings for one of the entities."""
    return given if given is None or isinstance(given, Mapping) else given[number]
