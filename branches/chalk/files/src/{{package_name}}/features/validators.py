"""Tables of features held against rules: rows that may not be used are told apart, with the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from .definitions.entities import Kind
from .engines.protocol import EVENT_TIME
from .validation_rules import Rule

if TYPE_CHECKING:
    import pandera.polars as pa

REASONS = "_reasons"

_ROW = "_row"
_TYPES: dict[Kind, Sequence[type[pl.DataType]]] = {
    Kind.BOOLEAN: (pl.Boolean,),
    Kind.INTEGER: (pl.Int64, pl.Int32, pl.Int16, pl.Int8, pl.UInt64, pl.UInt32, pl.UInt16, pl.UInt8),
    Kind.FLOAT: (pl.Float64, pl.Float32),
    Kind.STRING: (pl.String,),
    Kind.TIMESTAMP: (pl.Datetime,),
}


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that a table as a whole is not."""

    subject: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What a table is like.

    Attributes
    ----------
    completeness
        Share of values that are there, by column.
    uniqueness
        Share of rows that repeat no key and time of a row before; None where there is no key.
    reasons
        How many rows are set aside, by reason; a row may have more than one.
    clean, quarantine
        The rows that may be used, and the others with `_reasons`.
    """

    rows: int
    completeness: dict[str, float]
    uniqueness: float | None
    issues: list[Issue]
    reasons: dict[str, int]
    clean: pl.DataFrame = field(repr=False)
    quarantine: pl.DataFrame = field(repr=False)

    @property
    def passed(self) -> bool:
        """Whether the table as a whole may be used, without the rows in quarantine."""
        return not self.issues

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON has it, without rows."""
        return {
            "passed": self.passed,
            "rows": self.rows,
            "quarantined": self.quarantine.height,
            "completeness": self.completeness,
            "uniqueness": self.uniqueness,
            "issues": [{"subject": one.subject, "kind": one.kind, "text": one.text} for one in self.issues],
            "reasons": self.reasons,
        }


@dataclass(frozen=True, slots=True)
class FeatureValidator:
    """Holds tables against rules.

    Attributes
    ----------
    rules
        By column, such as `customer.spend_30d`.
    key
        Columns that, with `event_time` where there is one, tell rows apart.
    uniqueness
        Least share of rows that repeat none before.
    quarantined
        Greatest share of rows that may be set aside.
    fresh
        Since when the newest `event_time` must be, and who relies on it; None if nobody does.
    """

    rules: Mapping[str, Rule]
    key: Sequence[str] = ()
    uniqueness: float = 0.99
    quarantined: float = 0.01
    fresh: tuple[datetime, str] | None = None

    def validate(self, frame: pl.DataFrame) -> ValidationReport:
        """Hold a table against the rules.

        Parameters
        ----------
        frame
            Of shape (n_rows, …), with any other columns too.
        """
        faults = _row_faults(frame, self._schema(frame))
        faults += self._repeats(frame)
        found = pl.concat(faults) if faults else pl.DataFrame(schema={_ROW: pl.UInt32, REASONS: pl.String})
        by_row = found.unique(maintain_order=True).group_by(_ROW, maintain_order=True).agg(pl.col(REASONS))
        joined = frame.with_row_index(_ROW).join(by_row, on=_ROW, how="left", maintain_order="left").drop(_ROW)
        clean = joined.filter(pl.col(REASONS).is_null()).drop(REASONS)
        aside = joined.filter(pl.col(REASONS).is_not_null())
        counted = aside.get_column(REASONS).explode().value_counts(sort=True)
        shares = {name: _completeness(frame, name) for name in self.rules if name in frame.columns}
        unique = self._unique_share(frame)
        return ValidationReport(
            rows=frame.height,
            completeness=shares,
            uniqueness=unique,
            issues=[*self._column_issues(frame, shares), *self._table_issues(frame, unique, aside.height)],
            reasons=dict(counted.iter_rows()),
            clean=clean,
            quarantine=aside,
        )

    def _schema(self, frame: pl.DataFrame) -> pa.DataFrameSchema:
        import pandera.polars as pa

        columns = {name: pa.Column(nullable=False) for name in self.key if name in frame.columns}
        for name, rule in self.rules.items():
            if name in frame.columns and frame.schema[name] in _TYPES[rule.kind]:
                columns[name] = pa.Column(checks=list(_checks(rule)), nullable=True)
        return pa.DataFrameSchema(columns)

    def _subject(self, frame: pl.DataFrame) -> list[str]:
        keys = [name for name in self.key if name in frame.columns]
        return [*keys, EVENT_TIME] if keys and EVENT_TIME in frame.columns else keys

    def _repeats(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        subject = self._subject(frame)
        if not subject:
            return []
        again = frame.select(~pl.struct(subject).is_first_distinct()).to_series()
        rows = pl.DataFrame({_ROW: again.arg_true().cast(pl.UInt32)})
        return [rows.with_columns(pl.lit(f"repeats {' and '.join(subject)}").alias(REASONS))]

    def _unique_share(self, frame: pl.DataFrame) -> float | None:
        subject = self._subject(frame)
        if not subject or not frame.height:
            return None
        return frame.select(subject).n_unique() / frame.height

    def _column_issues(self, frame: pl.DataFrame, shares: Mapping[str, float]) -> Iterable[Issue]:
        for name, rule in self.rules.items():
            relied = f"; {', '.join(rule.consumers)} rely on it" if rule.consumers else ""
            if name not in frame.columns:
                yield Issue(name, "missing", f"{name} is not there{relied}")
            elif frame.schema[name] not in _TYPES[rule.kind]:
                yield Issue(name, "kind", f"{name} is {frame.schema[name]}, not {rule.kind}{relied}")
            elif shares[name] < rule.completeness:
                least = f"{rule.completeness:.1%} must be{relied}"
                yield Issue(name, "completeness", f"{shares[name]:.1%} of {name} are there, and {least}")

    def _table_issues(self, frame: pl.DataFrame, unique: float | None, aside: int) -> Iterable[Issue]:
        if not frame.height:
            yield Issue("table", "empty", "there are no rows")
            return
        subject = ", ".join(self._subject(frame))
        if unique is not None and unique < self.uniqueness:
            text = f"{unique:.1%} of rows repeat none before in {subject}, and {self.uniqueness:.1%} must"
            yield Issue(subject, "uniqueness", text)
        if aside / frame.height > self.quarantined:
            text = f"{aside / frame.height:.1%} of rows may not be used, and {self.quarantined:.1%} may be set aside"
            yield Issue("table", "quarantined", text)
        if self.fresh is not None and EVENT_TIME in frame.columns:
            since, who = self.fresh
            newest = frame.get_column(EVENT_TIME).max()
            if isinstance(newest, datetime) and newest < since:
                text = f"the newest values are of {newest.isoformat()}, and {who} needs them since {since.isoformat()}"
                yield Issue(EVENT_TIME, "freshness", text)


def _checks(rule: Rule) -> Iterable[pa.Check]:
    import pandera.polars as pa

    if rule.kind is Kind.FLOAT:
        yield pa.Check(_finite, error="is no finite number")
    if rule.minimum is not None:
        yield pa.Check.ge(rule.minimum, error=f"is below {rule.minimum:g}")
    if rule.maximum is not None:
        yield pa.Check.le(rule.maximum, error=f"is above {rule.maximum:g}")
    if rule.allowed:
        yield pa.Check.isin(list(rule.allowed), error=f"is none of {', '.join(map(str, rule.allowed))}")


def _finite(data: pa.PolarsData) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col(data.key or "*").is_finite())


def _row_faults(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> list[pl.DataFrame]:
    """Let pandera look at every row, and give the number and the fault of those that fail."""
    import pandera.errors

    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        reason = pl.when(pl.col("check") == "not_nullable").then(pl.lit("is not there")).otherwise(pl.col("check"))
        cases = error.failure_cases.filter(pl.col("index").is_not_null())
        return [
            cases.select(
                pl.col("index").cast(pl.UInt32).alias(_ROW),
                pl.concat_str(pl.col("column"), reason, separator=" ").alias(REASONS),
            )
        ]
    return []


def _completeness(frame: pl.DataFrame, name: str) -> float:
    return 1.0 if not frame.height else 1 - frame.get_column(name).null_count() / frame.height
