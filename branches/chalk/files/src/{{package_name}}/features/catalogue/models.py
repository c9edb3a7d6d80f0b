"""Which registered models read which features.

tracking.uri → versions that are in use → what `model.json` says of their inputs → features; no model is loaded
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...config import Config
from ...errors import ProjectError
from ...models.registry import Version, list_models, list_versions, read_description
from ...tracking.client import Tracking, absolute_uri, open_tracking
from ...tracking.config import TrackingConfig
from ..definitions.registry import Definitions
from ..errors import DefinitionError

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
    settings = config.group("tracking", TrackingConfig)
    if not _is_there(absolute_uri(settings.uri, config.root)):
        return Models()
    faults: list[str] = []
    try:
        tracking = open_tracking(settings, config.root)
        found = [_read(tracking, one, definitions, faults) for one in _in_use(tracking, faults)]
    except ProjectError as error:
        return Models(faults=(error.message,))
    return Models(tuple(one for one in found if one is not None), tuple(faults))


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


def _is_there(uri: str) -> bool:
    """Say whether a registry can be there: to open one on this machine would make it."""
    scheme, _, place = uri.partition(":")
    return scheme not in {"folder", "sqlite"} or Path(place.removeprefix("///")).exists()


def _in_use(tracking: Tracking, faults: list[str]) -> Iterator[Version]:
    for model in list_models(tracking):
        try:
            versions = list_versions(tracking, model)
        except ProjectError as error:
            faults.append(error.message)
            continue
        yield from (one for place, one in enumerate(versions) if place == 0 or one.aliases)


def _read(tracking: Tracking, one: Version, definitions: Definitions, faults: list[str]) -> ModelEntry | None:
    if "description_sha256" not in one.tags:
        return None  # was registered by something that writes other files, and has no columns
    try:
        signature = read_description(tracking, one).signature
    except ProjectError as error:
        faults.append(error.message)
        return None
    inputs = [column.name for column in signature.inputs]
    features, owners = read_by(inputs, definitions), {known.name for known in definitions.sets}
    gone = tuple(name for name in inputs if name.partition(".")[0] in owners and "." in name and name not in features)
    if not features and not gone:
        return None
    return ModelEntry(one.model, one.number, one.aliases, signature.target, features, gone)
