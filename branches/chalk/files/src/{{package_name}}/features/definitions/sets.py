"""Sets of features of one entity: held to be sound when they are made, and told apart by what their values mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import DefinitionError
from .checks import check_default, check_span, check_test, check_where
from .entities import Entity, Kind, Source, check_name
from .features import MADE, Aggregate, Check, Feature, Latest, OnDemand, Session, Stored, Window, meaning
from .kinds import Kinds, kind_of


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Features of one entity that are read together.

    Attributes
    ----------
    name
        Such as `customer`; a feature is then `customer.spend_30d`.
    owner
        Who answers for it: an address or a team.
    inputs
        What requests give to on-demand features, and what it holds.
    tests
        What the values of features must be like, by their names; contracts may ask for more.
    kinds
        What each feature holds, by its name.
    """

    name: str
    entity: Entity
    features: Sequence[Feature]
    owner: str = ""
    tags: Sequence[str] = ()
    inputs: Mapping[str, Kind] = field(default_factory=dict)
    description: str = ""
    tests: Mapping[str, Check] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name, "a feature set")
        names = [one.name for one in self.features]
        for one in self.features:
            check_name(one.name, f"a feature of {self.name}")
            if names.count(one.name) > 1:
                raise DefinitionError(f"{self.name} has two features {one.name!r}", hint="give one another name")
            _check(self, one)
        object.__setattr__(self, "kinds", _kinds(self))
        for name, test in self.tests.items():
            check_test(f"the test of {self.name}.{self[name].name}", self.kinds[name], test)

    def __getitem__(self, name: str) -> Feature:
        """Give a feature.

        Raises
        ------
        DefinitionError
            If there is none of that name.
        """
        for one in self.features:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.features)
        raise DefinitionError(f"{self.name} has no feature {name!r}", hint=f"it has {known}")

    @property
    def stored(self) -> list[Stored]:
        """Those that are computed of rows."""
        return [one for one in self.features if not isinstance(one, OnDemand)]

    @property
    def sources(self) -> list[Source]:
        """Where their rows are, each once, in the order of their names."""
        return sorted({one.source.name: one.source for one in self.stored}.values(), key=lambda source: source.name)

    def in_order(self) -> list[OnDemand]:
        """Give the on-demand features, each after those that it is made of.

        Raises
        ------
        DefinitionError
            If some are made of each other.
        """
        done = {one.name for one in self.stored}
        left = [one for one in self.features if isinstance(one, OnDemand)]
        found: list[OnDemand] = []
        while left:
            ready = [one for one in left if one.expression.names() <= done]
            if not ready:
                circle = ", ".join(one.name for one in left)
                raise DefinitionError(f"features of {self.name} are made of each other: {circle}", hint=_CIRCLE)
            found += ready
            done |= {one.name for one in ready}
            left = [one for one in left if one.name not in done]
        return found

    def select(self, names: Iterable[str]) -> FeatureSet:
        """Give a set with some of the features, and those that they are made of."""
        wanted = {self[name].name for name in names}
        for one in reversed(self.in_order()):
            if one.name in wanted:
                wanted |= one.expression.names()
        kept = [one for one in self.features if one.name in wanted]
        tests = {one.name: self.tests[one.name] for one in kept if one.name in self.tests}
        return FeatureSet(self.name, self.entity, kept, self.owner, self.tags, self.inputs, self.description, tests)

    def fingerprint(self, name: str) -> str:
        """Give 16 hexadecimal digits that change if, and only if, a value of the feature could.

        Owners, descriptions, tests, where rows lie, and columns of their source that it is not made of are not of it.
        """
        return _digest(self._meaning(self[name]))

    @property
    def version(self) -> str:
        """Give 16 hexadecimal digits that change if, and only if, a value of a feature could."""
        return _digest({one.name: self._meaning(one) for one in self.features})

    def _meaning(self, one: Feature) -> dict[str, Any]:
        if isinstance(one, OnDemand):
            parts = {name: self._meaning(self[name]) for name in sorted(one.expression.names())}
            inputs = {name: str(self.inputs[name]) for name in sorted(one.expression.names("request"))}
            kind = str(self.kinds[one.name])
            return {"expression": one.expression.to_json(), "kind": kind, "of": parts, "inputs": inputs}
        return {"entity": [self.entity.name, str(self.entity.kind)], **meaning(one)}


_CIRCLE = "make one of them of columns, or of features outside the circle"


def _check(owner: FeatureSet, one: Feature) -> None:
    where = f"{owner.name}.{one.name}"
    if isinstance(one, OnDemand):
        for name in sorted(one.expression.names()):
            owner[name]
        missing = sorted(one.expression.names("request") - set(owner.inputs))
        if missing:
            hint = f"add {missing[0]!r} and its kind to inputs of {owner.name}"
            raise DefinitionError(f"{where} needs {missing[0]!r} of the request, which no request gives", hint=hint)
        return
    if one.source.key != owner.entity.key:
        hint = f"name the column with the key of {owner.entity.name} {owner.entity.key!r}, as the entity does"
        raise DefinitionError(f"{where}: {one.source.name} tells rows apart by {one.source.key!r}", hint=hint)
    if not isinstance(one, Latest):
        _check_aggregate(where, one)  # whose kind is known only if its column is there
    check_default(where, one.kind, one.default)
    if isinstance(one, Latest):
        check_span(where, "ttl", one.ttl)
    else:
        check_span(where, *(("over", one.over) if isinstance(one, Window) else ("gap", one.gap)))
        check_where(where, one.source, one.where)


def _check_aggregate(where: str, one: Window | Session) -> None:
    if (one.column is None) != (one.aggregate is Aggregate.ROWS):
        raise DefinitionError(f"{where}: {one.aggregate} of {one.column}", hint="`rows` has no column, all others have")
    if one.column is not None and one.aggregate in MADE and not one.source[one.column].kind.is_number:
        hint = "take a column of numbers, or count, min, max, first or last"
        raise DefinitionError(f"{where}: there is no {one.aggregate} of {one.source[one.column].kind}", hint=hint)
    if one.column is not None:
        one.source[one.column]


def _kinds(owner: FeatureSet) -> dict[str, Kind]:
    found = {one.name: one.kind for one in owner.stored}
    for one in owner.in_order():
        found[one.name] = kind_of(Kinds(f"{owner.name}.{one.name}", found, owner.inputs), one.expression, one.kind)
    return found


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
