"""All definitions of a project: those of its package and of others, through the plugins `features`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...plugins import find_plugins
from ..errors import DefinitionError
from .entities import Entity, Source
from .features import Feature
from .sets import FeatureSet


@dataclass(frozen=True, slots=True)
class Definitions:
    """Feature sets that know of each other.

    Raises
    ------
    DefinitionError
        If two sets have one name, or two entities or sources that differ have.
    """

    sets: tuple[FeatureSet, ...] = ()

    def __post_init__(self) -> None:
        names = [one.name for one in self.sets]
        for name in names:
            if names.count(name) > 1:
                raise DefinitionError(f"there are two feature sets {name!r}", hint="give one another name")
        _agree("entities", (one.entity for one in self.sets))
        _agree("sources", (source for one in self.sets for source in one.sources))

    def __getitem__(self, name: str) -> FeatureSet:
        """Give a set.

        Raises
        ------
        DefinitionError
            If there is none of that name.
        """
        for one in self.sets:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.sets) or "none"
        raise DefinitionError(f"there is no feature set {name!r}", hint=f"there is {known}")

    def find(self, reference: str) -> tuple[FeatureSet, Feature]:
        """Find a feature by its reference, such as `customer.spend_30d`."""
        name, _, feature = reference.partition(".")
        found = self[name]
        return found, found[feature]

    def source(self, name: str) -> Source:
        """Give a source.

        Raises
        ------
        DefinitionError
            If no feature is made of one of that name.
        """
        for one in self.sources:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.sources) or "none"
        raise DefinitionError(f"there is no source {name!r}", hint=f"there is {known}")

    def entity_of(self, source: Source) -> Entity:
        """Give what the rows of a source are about; where features of several entities are made of it, one of them."""
        return next(one.entity for one in self.sets if source in one.sources)

    @property
    def sources(self) -> list[Source]:
        """All sources, in the order of their names."""
        found = {source.name: source for one in self.sets for source in one.sources}
        return [found[name] for name in sorted(found)]


def find_definitions() -> Definitions:
    """Gather what plugins define: each gives a `FeatureSet`, a sequence of them, or a function that gives one.

    Raises
    ------
    DefinitionError
        If definitions contradict each other.
    PluginError
        If a plugin can't be used.
    """
    sets: list[FeatureSet] = []
    for plugin in find_plugins("features").values():
        given = plugin.load()
        given = plugin.guard(given)() if callable(given) else given
        many = [given] if isinstance(given, FeatureSet) else list(given) if isinstance(given, Iterable) else [given]
        for one in many:
            if not isinstance(one, FeatureSet):
                raise plugin.error(f"it gives a {type(one).__name__} in place of a FeatureSet")
            sets.append(one)
    return Definitions(tuple(sets))


def _agree(what: str, given: Iterable[Entity | Source]) -> None:
    found: dict[str, Entity | Source] = {}
    for one in given:
        if found.setdefault(one.name, one) != one:
            raise DefinitionError(f"two {what} have the name {one.name!r} and differ", hint="define it once, import it")
