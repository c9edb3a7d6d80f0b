"""What Evidently says of drift: it chooses a method by the kind and the number of values, which its verdict names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ..definitions.entities import Kind
from ..engines.protocol import EVENT_TIME
from ..extras import bring

_P_VALUE = "p_value"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Evidently says of one feature.

    Attributes
    ----------
    method
        Such as `Wasserstein distance (normed)`, or, for few values, `K-S p_value`.
    value, threshold
        A distance from the threshold on is drift, and so is a p-value below it.
    """

    method: str
    value: float
    threshold: float

    @property
    def drifted(self) -> bool:
        """Whether that is drift."""
        return self.value < self.threshold if self.method.endswith(_P_VALUE) else self.value >= self.threshold

    @property
    def text(self) -> str:
        """Say it in words."""
        return f"Evidently's {self.method} {self.value:.3g}, threshold {self.threshold:g}"


def judge(
    reference: pl.DataFrame, current: pl.DataFrame, features: Mapping[str, Kind], rows: int
) -> dict[str, Verdict]:
    """Let Evidently compare features of two tables.

    Parameters
    ----------
    reference, current
        Of shape (n_rows, …) and (m_rows, …), with values in each of the features.
    features
        Kind by reference.
    rows
        How many it looks at, drawn at random.

    Raises
    ------
    FeatureError
        If the extra is not installed.
    """
    evidently = bring("evidently", "evidently", "verdicts of Evidently")
    metrics = bring("evidently.metrics", "evidently", "verdicts of Evidently")
    if not features:
        return {}
    numbers = [name for name, kind in features.items() if kind.is_number or kind is Kind.TIMESTAMP]
    others = [name for name in features if name not in numbers]
    described = evidently.DataDefinition(numerical_columns=numbers, categorical_columns=others)
    then, now = (
        evidently.Dataset.from_pandas(_prepared(frame, features, rows), described) for frame in (reference, current)
    )
    found = evidently.Report([metrics.ValueDrift(column=name) for name in features]).run(now, then)
    return {told["config"]["column"]: _verdict(told) for told in found.dict()["metrics"]}


def _prepared(frame: pl.DataFrame, features: Mapping[str, Kind], rows: int) -> Any:
    some = frame.sample(rows, seed=0) if frame.height > rows else frame
    return some.select(_prepare(name, kind, some.columns) for name, kind in features.items()).to_pandas()


def _prepare(name: str, kind: Kind, columns: list[str]) -> pl.Expr:
    """Make texts of what has no order, and seconds before `event_time` of times; infinite numbers are missing."""
    column = pl.col(name)
    if kind is Kind.TIMESTAMP and EVENT_TIME in columns:
        return ((pl.col(EVENT_TIME) - column).dt.total_microseconds() / 1e6).alias(name)
    if kind is Kind.TIMESTAMP:
        return column.dt.epoch("us") / 1e6
    if kind.is_number:
        numbers = column.cast(pl.Float64)
        return pl.when(numbers.is_finite()).then(numbers).alias(name)
    return column.cast(pl.String)


def _verdict(told: Mapping[str, Any]) -> Verdict:
    config = told["config"]
    return Verdict(str(config["method"]), float(told["value"]), float(config["threshold"]))
