"""What consumers rely on: a file for each, which a change of definitions is held against before it is applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from .definitions.entities import Kind
from .definitions.registry import Definitions
from .errors import DefinitionError, FeatureError


class ColumnContract(BaseModel):
    """What a consumer relies on of one feature.

    Attributes
    ----------
    minimum, maximum
        Of numbers, both allowed.
    allowed
        Every value that it knows.
    completeness
        Least share of values that are there; that of the configuration if None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[Kind, BeforeValidator(lambda value: Kind(value) if isinstance(value, str) else value)]
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str | int | bool, ...] = ()
    completeness: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _is_possible(self) -> ColumnContract:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        if (self.minimum is not None or self.maximum is not None) and not self.kind.is_number:
            raise ValueError(f"a {self.kind} has no minimum or maximum")
        return self


class Contract(BaseModel):
    """What one consumer relies on.

    Attributes
    ----------
    consumer, contact
        Who reads the features, and who is told when they can't stay as they are.
    fresh_hours
        Greatest age of the newest values.
    columns
        By reference, such as `customer.spend_30d`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    consumer: str = Field(min_length=1)
    contact: str = ""
    fresh_hours: float | None = Field(default=None, gt=0)
    columns: Mapping[str, ColumnContract] = Field(min_length=1)

    @property
    def sets(self) -> set[str]:
        """The feature sets that it reads."""
        return {reference.partition(".")[0] for reference in self.columns}


def read_contracts(folder: Path) -> list[Contract]:
    """Read all contracts of a folder, in the order of their files; none where there is no folder.

    Raises
    ------
    FeatureError
        If one can't be read; it names the file and the key.
    """
    return [_read(path) for path in sorted(folder.glob("*.y*ml"))]


def broken(contracts: Iterable[Contract], definitions: Definitions) -> list[str]:
    """Say which consumers definitions break, and by what; nothing if none."""
    found = []
    for contract in contracts:
        for reference, column in contract.columns.items():
            who = f"{contract.consumer} ({contract.contact})" if contract.contact else contract.consumer
            try:
                owner, feature = definitions.find(reference)
            except DefinitionError:
                found.append(f"{who} reads {reference}, which is not defined")
                continue
            kind = owner.kinds[feature.name]
            if kind is not column.kind:
                found.append(f"{who} reads {reference} as {column.kind}, and it is {kind}")
    return found


def check_consumers(contracts: Sequence[Contract], definitions: Definitions) -> None:
    """Hold definitions against what consumers rely on.

    Raises
    ------
    FeatureError
        If they break a consumer; it names each.
    """
    faults = broken(contracts, definitions)
    if faults:
        hint = "keep the feature under its name until its consumers have another, and change their contracts with them"
        raise FeatureError(f"the definitions break consumers: {'; '.join(faults)}", hint=hint)


def _read(path: Path) -> Contract:
    try:
        return Contract.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FeatureError(f"the contract {path} can't be read: {error}", hint="write it as YAML in UTF-8") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors())
        hint = "it has consumer, contact, fresh_hours and columns; a column has kind, minimum, maximum, allowed"
        raise FeatureError(f"the contract {path} is wrong: {faults}", hint=hint) from error
