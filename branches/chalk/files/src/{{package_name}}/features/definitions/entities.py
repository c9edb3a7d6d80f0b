"""What features describe, and the rows that they are computed of."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..errors import DefinitionError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Kind(StrEnum):
    """What a column or a feature holds. Any of them may be NULL."""

    BOOLEAN = "boolean"
    INTEGER = "integer"  # 64 bits
    FLOAT = "float"  # 64 bits
    STRING = "string"
    TIMESTAMP = "timestamp"  # microseconds, in UTC

    @property
    def is_number(self) -> bool:
        """Whether sums and means of it are numbers."""
        return self in {Kind.INTEGER, Kind.FLOAT}


def check_name(name: str, what: str) -> str:
    """Give a name back that is fit for columns, tables and addresses.

    Raises
    ------
    DefinitionError
        If it is not.
    """
    if not _NAME.fullmatch(name):
        hint = "begin with a letter a-z, then letters a-z, digits and _, 63 at most"
        raise DefinitionError(f"{name!r} can't be the name of {what}", hint=hint)
    return name


@dataclass(frozen=True, slots=True)
class Entity:
    """What features describe, such as a customer.

    Attributes
    ----------
    name
        Such as `customer`.
    key
        The column that tells one from another, such as `customer_id`, in every source and in requests.
    kind
        Of the key: integer or string.
    """

    name: str
    key: str
    kind: Kind = Kind.STRING
    description: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "an entity")
        check_name(self.key, f"the key of {self.name}")
        if self.kind not in {Kind.INTEGER, Kind.STRING}:
            raise DefinitionError(f"the key of {self.name} is a {self.kind}", hint="a key is an integer or a string")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a source, of which features are made: `purchases["amount"]`."""

    source: Source
    name: str

    @property
    def kind(self) -> Kind:
        """What it holds."""
        return self.source.columns[self.name]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows with a time: a table, files, or the events of a topic. The same rows feed batches and streams.

    Attributes
    ----------
    name
        Such as `purchases`.
    location
        A file or folder of Parquet, Delta or CSV of the project, `duckdb:///file.duckdb#table`, `postgresql://…#table`,
        `snowflake://…#table`, or the name of a source of `conf/features/sources.yaml`.
    key
        The column with the entity's key. Rows without a key belong to nobody.
    time
        The column that says when it happened (event time).
    created
        The column that says since when it is known here. Without one, a row is known when it happens.
    columns
        What else features may use, and what it holds.
    topic
        The topic of a broker that brings new rows, where there is one.
    """

    name: str
    location: str
    key: str
    time: str
    columns: Mapping[str, Kind] = field(default_factory=dict)
    created: str | None = None
    topic: str | None = None
    description: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "a source")
        special = [name for name in (self.key, self.time, self.created) if name]
        for name in (*special, *self.columns):
            check_name(name, f"a column of {self.name}")
        twice = sorted({name for name in special if special.count(name) > 1} | set(special) & set(self.columns))
        if twice:
            raise DefinitionError(
                f"{self.name} names the column {twice[0]!r} twice",
                hint="key, time and created are columns of their own, and are not repeated in columns",
            )

    def __getitem__(self, name: str) -> Column:
        """Give a column.

        Raises
        ------
        DefinitionError
            If there is none of that name.
        """
        if name not in self.columns:
            raise DefinitionError(f"{self.name} has no column {name!r}", hint=f"it has {', '.join(self.columns)}")
        return Column(self, name)

    def to_json(self, used: Collection[str]) -> dict[str, Any]:
        """Say what results depend on that are made of some columns; where the rows lie is not of it."""
        columns = {name: str(self.columns[name]) for name in sorted(used)}
        return {"name": self.name, "key": self.key, "time": self.time, "created": self.created, "columns": columns}
