"""Faults of the data itself: what is missing, unreadable, out of range, new or repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..data.config import ColumnConfig
from ..data.rules import limits
from .config import QualityConfig
from .reference import Categories, Numbers, Reference
from .values import Column, read_logged

if TYPE_CHECKING:
    import pandas as pd

Problem = Literal["missing", "unreadable", "infinite", "out of range", "new category", "repeated rows"]

_EXAMPLES = 5
_LONGEST = 40


class Issue(BaseModel):
    """One kind of fault in one column.

    Attributes
    ----------
    column
        Empty for faults of whole rows.
    share
        Of all rows.
    serious
        Whether there are more of them than the configuration bears.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    problem: Problem
    rows: int
    share: float
    detail: str
    serious: bool

    def __str__(self) -> str:
        where, why = f"{self.column}: " if self.column else "", f": {self.detail}" if self.detail else ""
        return f"{where}{self.problem} in {self.rows} rows ({self.share:.1%}){why}"


@dataclass(frozen=True, slots=True)
class _Fault:
    problem: Problem
    rows: int
    detail: str = ""


def find_issues(
    reference: Reference, frame: pd.DataFrame, schema: Mapping[str, ColumnConfig], rules: QualityConfig, now: datetime
) -> list[Issue]:
    """Look for faults in logged inputs.

    Parameters
    ----------
    frame
        Of the prediction log, with `input_<column>`.
    schema
        The rules of `conf/data.yaml`. A column without a rule is held to what there was at training.
    """
    issues = []
    for name, profile in reference.inputs.items():
        column = read_logged(frame, f"input_{name}", profile.dtype)
        for fault in _faults(column, profile, schema.get(name), now):
            share = fault.rows / len(frame)
            issues.append(
                Issue(
                    column=name,
                    problem=fault.problem,
                    rows=fault.rows,
                    share=share,
                    detail=fault.detail,
                    serious=share > rules.share,
                )
            )
    return [*issues, *_repeated(reference, frame, rules)]


def _faults(
    column: Column, profile: Numbers | Categories, rule: ColumnConfig | None, now: datetime
) -> Iterator[_Fault]:
    if column.missing and (column.missing == column.rows or not _may_be_missing(profile, rule)):
        yield _Fault("missing", column.missing, "in all rows" if column.missing == column.rows else "")
    if column.unreadable:
        yield _Fault("unreadable", column.unreadable, f"not {profile.dtype}")
    if column.infinite:
        yield _Fault("infinite", column.infinite)
    if isinstance(profile, Categories):
        yield from _new_categories(column, profile, rule)
    elif profile.dtype != "text" and len(column.values):
        yield from _out_of_range(column, profile, rule, now)


def _may_be_missing(profile: Numbers | Categories, rule: ColumnConfig | None) -> bool:
    return rule.nullable if rule else profile.missing > 0


def _new_categories(column: Column, profile: Categories, rule: ColumnConfig | None) -> Iterator[_Fault]:
    if rule and rule.allowed is not None:
        known = {str(value) for value in rule.allowed}
    elif profile.others:  # too many to know them all
        return
    else:
        known = set(profile.counts)
    names, counts = np.unique(column.values.astype(str), return_counts=True)
    new = {str(name): int(count) for name, count in zip(names, counts, strict=True) if name not in known}
    if new:
        shown = ", ".join(repr(name[:_LONGEST]) for name in list(new)[:_EXAMPLES])
        more = f" and {len(new) - _EXAMPLES} more" if len(new) > _EXAMPLES else ""
        yield _Fault("new category", sum(new.values()), f"{shown}{more}")


def _out_of_range(column: Column, profile: Numbers, rule: ColumnConfig | None, now: datetime) -> Iterator[_Fault]:
    low, high = (_number(limit) for limit in limits(rule, now)) if rule else (None, None)
    source = "the rule"
    if low is None and high is None:
        low, high, source = profile.low, profile.high, "training"
    outside = np.zeros(len(column.values), dtype=bool)
    if low is not None:
        outside |= column.values < low
    if high is not None:
        outside |= column.values > high
    if outside.any():
        dates = profile.dtype in {"date", "datetime"}
        shown = [_shown(value, dates=dates) for value in (low, high, *column.values[outside][:1])]
        detail = f"outside {shown[0]} to {shown[1]} of {source}, such as {shown[2]}"
        yield _Fault("out of range", int(outside.sum()), detail)


def _repeated(reference: Reference, frame: pd.DataFrame, rules: QualityConfig) -> Iterator[Issue]:
    columns = [f"input_{name}" for name in reference.inputs if f"input_{name}" in frame]
    rows = int(frame[columns].astype(str).duplicated().sum()) if columns else 0
    if rows:
        share, before = rows / len(frame), reference.duplicates / reference.rows
        yield Issue(
            column="",
            problem="repeated rows",
            rows=rows,
            share=share,
            detail=f"{before:.1%} at training",
            serious=share - before > rules.duplicates,
        )


def _number(limit: Any) -> float | None:
    if isinstance(limit, datetime):
        return limit.timestamp()
    if isinstance(limit, date):
        return datetime(limit.year, limit.month, limit.day, tzinfo=UTC).timestamp()
    return None if limit is None else float(limit)


def _shown(value: float | None, *, dates: bool) -> str:
    if value is None:
        return "anything"
    return datetime.fromtimestamp(value, UTC).isoformat() if dates else f"{value:g}"
