"""Features: how a value follows from the rows of a source that are known at a time, as `..semantics` says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from .entities import Column, Kind, Source
from .expressions import Expression, Literal


class Aggregate(StrEnum):
    """What is made of the values of many rows; NULL is left out as in SQL, except by `rows` and the first and last."""

    ROWS = "rows"  # how many rows, whatever is in them
    COUNT = "count"  # how many values
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    STD = "std"  # of a sample, ddof = 1: NULL below two values
    FIRST = "first"
    LAST = "last"


COUNTS = frozenset({Aggregate.ROWS, Aggregate.COUNT, Aggregate.COUNT_DISTINCT})
MADE = frozenset({Aggregate.SUM, Aggregate.MEAN, Aggregate.STD})  # numbers that are of no row


@dataclass(frozen=True, slots=True)
class Latest:
    """The value of the newest row that is known; `EXPIRED`, and NULL, when it is older than `ttl`.

    Attributes
    ----------
    column
        Of a source.
    ttl
        How long a value holds, from the event time of its row; for ever if None.
    default
        What stands in where there is no row, or it is expired; the status still says so.
    """

    name: str
    column: Column
    ttl: timedelta | None = None
    default: Literal = None
    description: str = ""

    @property
    def source(self) -> Source:
        """Where its rows are."""
        return self.column.source

    @property
    def kind(self) -> Kind:
        """What it holds."""
        return self.column.kind


@dataclass(frozen=True, slots=True)
class Window:
    """An aggregate of the rows of the last `over`: of event times in (t - over, t].

    Attributes
    ----------
    source, aggregate, column
        `column` is None for `Aggregate.ROWS` only.
    where
        Only rows for which it is true; an expression over the source's columns.
    default
        What stands in where no row is in the window; the status still says so. Counts are 0 without one.
    """

    name: str
    source: Source
    aggregate: Aggregate
    over: timedelta
    column: str | None = None
    where: Expression | None = None
    default: Literal = None
    description: str = ""

    @property
    def kind(self) -> Kind:
        """What it holds."""
        return aggregated_kind(self.source, self.aggregate, self.column)


@dataclass(frozen=True, slots=True)
class Session:
    """An aggregate of the session that is open at t: no two of its rows, and not the last and t, are over `gap` apart.

    Attributes are those of `Window`, with `gap` in place of `over`.
    """

    name: str
    source: Source
    aggregate: Aggregate
    gap: timedelta
    column: str | None = None
    where: Expression | None = None
    default: Literal = None
    description: str = ""

    @property
    def kind(self) -> Kind:
        """What it holds."""
        return aggregated_kind(self.source, self.aggregate, self.column)


@dataclass(frozen=True, slots=True)
class OnDemand:
    """A value that is computed when it is asked for, of other features of its set, the request and the time.

    Attributes
    ----------
    kind
        What its expression holds, which need not be said; `Kind.FLOAT` makes floats of integers.
    """

    name: str
    expression: Expression
    kind: Kind | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A test of the values of a feature, which `features validate` and `features monitor` hold tables against.

    Attributes
    ----------
    minimum, maximum
        Of numbers, both allowed.
    allowed
        Every value that may be; any if empty.
    completeness
        Least share of values that are there; that of `features.validation` if None.
    """

    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str | int | bool, ...] = ()
    completeness: float | None = None


Stored: TypeAlias = Latest | Window | Session
Feature: TypeAlias = Stored | OnDemand


def meaning(one: Stored) -> dict[str, Any]:
    """Say as JSON what the values of a feature depend on, beside the rows themselves."""
    source = one.source.to_json(used_columns(one))
    common = {"type": type(one).__name__.lower(), "source": source, "default": one.default}
    if isinstance(one, Latest):
        return {**common, "column": one.column.name, "ttl": one.ttl and one.ttl.total_seconds()}
    span = one.over if isinstance(one, Window) else one.gap
    where = one.where.to_json() if one.where is not None else None
    return {
        **common,
        "aggregate": str(one.aggregate),
        "column": one.column,
        "where": where,
        "span": span.total_seconds(),
    }


def used_columns(one: Stored) -> frozenset[str]:
    """Name the columns that a feature is made of."""
    if isinstance(one, Latest):
        return frozenset((one.column.name,))
    own = frozenset(() if one.column is None else (one.column,))
    return own | (one.where.names() if one.where is not None else frozenset())


def aggregated_kind(source: Source, aggregate: Aggregate, column: str | None) -> Kind:
    """Tell what an aggregate of a column holds."""
    if aggregate in COUNTS:
        return Kind.INTEGER
    if aggregate in {Aggregate.MEAN, Aggregate.STD} or column is None:
        return Kind.FLOAT
    return source[column].kind
