"""Which registered models read which features, by the names of what they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...config import Config
from ..definitions.registry import Definitions
from ..errors import DefinitionError
from .registered import Registered, find_registered

PREFIX = "models:/"
"""What names of versions begin with, as in MLflow, so that none is a feature's."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A version of a registered model that reads features.

    Attributes
    ----------
    aliases
        Such as `champion`.
    features
        What it reads, by reference.
    gone
        What it reads of a set that is defined, and is no feature of it any more.
    """

    model: str
    version: int
    aliases: tuple[str, ...]
    target: str
    features: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def reference(self) -> str:
        """Name it as MLflow does: `models:/next-purchase/3`."""
        return f"{PREFIX}{self.model}/{self.version}"

    @property
    def title(self) -> str:
        """Name it in words: `next-purchase 3 (champion)`."""
        known = f" ({', '.join(self.aliases)})" if self.aliases else ""
        return f"{self.model} {self.version}{known}"

    def answers_to(self, reference: str) -> bool:
        """Say whether `models:/name`, `models:/name/version` or `models:/name@alias` means it."""
        name = f"{PREFIX}{self.model}"
        return reference in {name, self.reference, *(f"{name}@{alias}" for alias in self.aliases)}


@dataclass(frozen=True, slots=True)
class Models:
    """The models that read features.

    Attributes
    ----------
    faults
        Why the registry, or a version in it, can't be read.
    """

    entries: tuple[ModelEntry, ...] = ()
    faults: tuple[str, ...] = ()

    def of(self, feature: str) -> tuple[ModelEntry, ...]:
        """Give those that read a feature."""
        return tuple(one for one in self.entries if feature in one.features)

    def edges(self) -> list[tuple[str, str]]:
        """Give (`customer.spend_30d`, `models:/next-purchase/3`), as `lineage` gives what features are made of."""
        return [(feature, one.reference) for one in self.entries for feature in one.features]

    def find(self, reference: str) -> tuple[ModelEntry, ...]:
        """Give the versions that a reference means.

        Raises
        ------
        DefinitionError
            If there are none.
        """
        found = tuple(one for one in self.entries if one.answers_to(reference))
        if not found:
            known = ", ".join(one.reference for one in self.entries) or "; ".join(self.faults) or "none"
            raise DefinitionError(f"no model {reference} reads features", hint=f"those that do: {known}")
        return found


def find_models(config: Config, definitions: Definitions) -> Models:
    """Look for models among the newest version of each and all that have an alias.

    A registry that was never written has no models, and one that can't be read says why: neither is an error, as
    features can be defined and served without it.
    """
    found, faults = find_registered(config)
    entries = [_entry(one, definitions) for one in found]
    return Models(tuple(one for one in entries if one is not None), tuple(faults))


def read_by(inputs: Sequence[str], definitions: Definitions) -> tuple[str, ...]:
    """Say which features the inputs of a model are.

    `customer.spend_30d` is that feature. Short names, which `POST /features/predict` fills as well, are features of a
    set only where all of them are: `age` alone could be of anything.

    Examples
    --------
    >>> from ..example.customers import CUSTOMER
    >>> read_by(["spend_30d", "last_amount"], Definitions((CUSTOMER,)))
    ('customer.spend_30d', 'customer.last_amount')
    >>> read_by(["spend_30d", "weather"], Definitions((CUSTOMER,)))
    ()
    """
    names = {one.name: {feature.name for feature in one.features} for one in definitions.sets}
    references = {f"{owner}.{name}" for owner, known in names.items() for name in known}
    short = [name for name in inputs if "." not in name]
    owners = [owner for owner, known in names.items() if short and known.issuperset(short)]
    found = [name for name in inputs if name in references]
    return tuple(dict.fromkeys([*found, *(f"{owner}.{name}" for owner in owners for name in short)]))


def _entry(one: Registered, definitions: Definitions) -> ModelEntry | None:
    features, owners = read_by(one.inputs, definitions), {known.name for known in definitions.sets}
    own = [name for name in one.inputs if "." in name and name.partition(".")[0] in owners]
    gone = tuple(name for name in own if name not in features)
    if not features and not gone:
        return None
    return ModelEntry(one.model, one.version, one.aliases, one.target, features, gone)
