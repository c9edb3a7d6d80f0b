"""Which features moved between two tables: what chance does not explain, and what is great enough to matter.

each feature: counts of all rows in bins, tests on a sample → one correction of all p-values → decision
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial import distance

from ...monitoring import statistics
from ..definitions.entities import Kind
from ..engines.protocol import EVENT_TIME
from ..monitoring_config import FeatureMonitoringConfig
from .evidently import Verdict, judge

Floats = NDArray[np.float64]

_BINS = 10
_DISTRIBUTION = "distribution"
_MOST_CATEGORIES = 100


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """How one feature of a table differs from that of another.

    Attributes
    ----------
    reference_rows, rows
        Values that could be compared.
    psi, psi_by_chance
        Population stability index of all rows, and what it stays below in 95 of 100 tables without drift.
    jensen_shannon
        Distance of all rows to base 2: 0 for the same distribution, 1 for distributions that share nothing.
    kolmogorov_smirnov, wasserstein
        Of numbers, on a sample; Wasserstein's distance is in standard deviations of the reference.
    chi_square
        Statistic of the counts in bins or categories of all rows.
    test, p_value
        Kolmogorov-Smirnov for numbers, chi-square for categories; corrected for all tests of the report.
    missing, missing_p_value
        Change of the share of missing values, and Fisher's exact test of it, corrected too.
    drifted
        What moved: `distribution`, `missing values`.
    note
        Why something is not there, and how many rows were looked at.
    verdict
        Of Evidently, with its method, where it is the judge of the distribution.
    """

    feature: str
    reference_rows: int
    rows: int
    psi: float | None = None
    psi_by_chance: float | None = None
    jensen_shannon: float | None = None
    kolmogorov_smirnov: float | None = None
    wasserstein: float | None = None
    chi_square: float | None = None
    test: str = ""
    p_value: float | None = None
    missing: float = 0.0
    missing_p_value: float | None = None
    drifted: tuple[str, ...] = ()
    note: str = ""
    verdict: Verdict | None = None

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON has it."""
        return asdict(self)


def measure_drift(
    reference: pl.DataFrame, current: pl.DataFrame, features: Mapping[str, Kind], rules: FeatureMonitoringConfig
) -> list[FeatureDrift]:
    """Compare features of two tables.

    Parameters
    ----------
    reference, current
        Of shape (n_rows, …) and (m_rows, …), with a column for each feature; with `event_time`, times are compared by
        how long before it they are.
    features
        Kind by reference.

    Returns
    -------
    list of FeatureDrift
        In the order of `features`; those that one of the tables lacks are left out.
    """
    measured = [
        _measure(name, kind, reference, current, rules)
        for name, kind in features.items()
        if name in reference.columns and name in current.columns
    ]
    p_values = [p for one in measured for p in (one["p_value"], one["missing_p_value"]) if p is not None]
    adjusted = iter(statistics.adjust(p_values))
    for one in measured:
        for name in ("p_value", "missing_p_value"):
            one[name] = None if one[name] is None else next(adjusted)
    found = [FeatureDrift(**one, drifted=tuple(_moved(one, rules))) for one in measured]
    if rules.judge == "own":
        return found
    compared = {one.feature: features[one.feature] for one in found if one.psi is not None}
    verdicts = judge(reference, current, compared, rules.sample)
    return [_judged(one, verdicts.get(one.feature)) for one in found]


def _judged(one: FeatureDrift, verdict: Verdict | None) -> FeatureDrift:
    """Let the verdict stand in for what our limits say of the distribution."""
    others = tuple(name for name in one.drifted if name != _DISTRIBUTION)
    moved = (_DISTRIBUTION,) if verdict is not None and verdict.drifted else ()
    return replace(one, drifted=(*moved, *others), verdict=verdict)


def _moved(one: Mapping[str, Any], rules: FeatureMonitoringConfig) -> list[str]:
    effect = one.get(rules.method, one.get("jensen_shannon"))  # categories have no distances of numbers
    found = []
    if effect is not None and one["p_value"] <= rules.level and effect >= rules.threshold:
        found.append(_DISTRIBUTION)
    if one["missing_p_value"] is not None and one["missing_p_value"] <= rules.level:
        found += ["missing values"] if abs(one["missing"]) >= rules.missing else []
    return found


def _measure(
    name: str, kind: Kind, reference: pl.DataFrame, current: pl.DataFrame, rules: FeatureMonitoringConfig
) -> dict[str, Any]:
    then, now = (_values(frame, name, kind) for frame in (reference, current))
    found: dict[str, Any] = {"feature": name, "reference_rows": len(then), "rows": len(now)}
    found |= {"missing": 0.0, "missing_p_value": None, "p_value": None}
    if min(reference.height, current.height) >= rules.least_rows:
        gaps = [(frame.get_column(name).null_count(), frame.height) for frame in (reference, current)]
        test = statistics.missing_test(gaps[0], gaps[1])
        found |= {"missing": test.statistic, "missing_p_value": test.p_value}
    if min(len(then), len(now)) < rules.least_rows:
        return found | {"note": f"fewer than {rules.least_rows} values"}
    if kind in {Kind.BOOLEAN, Kind.STRING}:
        counts = _categories(then, now)
        return found | _of_counts(*counts, len(then), len(now))
    return found | _of_numbers(then.to_numpy(), now.to_numpy(), rules.sample)


def _values(frame: pl.DataFrame, name: str, kind: Kind) -> pl.Series:
    """Give what can be compared: no NULL, no infinite number, and times as seconds before `event_time`."""
    if kind is Kind.TIMESTAMP and EVENT_TIME in frame.columns:
        age = (pl.col(EVENT_TIME) - pl.col(name)).dt.total_microseconds() / 1e6
        return frame.select(age).to_series().drop_nulls()
    column = frame.get_column(name).drop_nulls()
    if kind is Kind.TIMESTAMP:
        return column.dt.epoch("us") / 1e6
    if kind.is_number:
        numbers = column.cast(pl.Float64)
        finite = numbers.is_finite()
        return numbers if finite.all() else numbers.filter(finite)
    return column.cast(pl.String)


def _of_numbers(then: Floats, now: Floats, sample: int) -> dict[str, Any]:
    some, some_now = _sample(then, sample), _sample(now, sample)
    some.sort()
    edges = _edges(some)
    found = _of_counts(_count(then, edges), _count(now, edges), len(then), len(now))
    test = statistics.kolmogorov_smirnov(some, len(some), some_now)
    spread = float(np.std(some)) or 1.0
    found |= {"kolmogorov_smirnov": test.statistic, "test": "Kolmogorov-Smirnov", "p_value": test.p_value}
    found["wasserstein"] = float(stats.wasserstein_distance(some, some_now)) / spread
    if max(len(then), len(now)) > sample:
        found["note"] = f"Kolmogorov-Smirnov and Wasserstein on {sample} rows"
    return found


def _of_counts(then: NDArray[Any], now: NDArray[Any], rows: int, rows_now: int) -> dict[str, Any]:
    chi_square = statistics.chi_square(then, now)
    return {
        "psi": statistics.psi(then, now),
        "psi_by_chance": statistics.psi_by_chance(int(np.sum(then + now > 0)), rows, rows_now),
        "jensen_shannon": float(np.nan_to_num(distance.jensenshannon(then, now, base=2))),
        "chi_square": chi_square.statistic,
        "test": "chi-square",
        "p_value": chi_square.p_value,
    }


def _sample(values: Floats, many: int) -> Floats:
    if len(values) <= many:
        return values.copy()
    chosen: Floats = np.random.default_rng(0).choice(values, many, replace=False, shuffle=False)
    return chosen


def _edges(ordered: Floats) -> Floats:
    """Divide a sorted sample into bins of equal shares; a value that fills bins of its own has one to itself."""
    inner = ordered[(np.arange(1, _BINS) * len(ordered)) // _BINS]
    often = inner[1:][inner[1:] == inner[:-1]]
    return np.unique(np.concatenate([inner, np.nextafter(often, -np.inf)]))


def _count(values: Floats, edges: Floats) -> NDArray[np.int64]:
    """Count values in (…, e1], (e1, e2], …; for so few bins it is quicker than to look for the bin of each value."""
    below = [int(np.count_nonzero(values <= edge)) for edge in edges]
    return np.diff([0, *below, len(values)])


def _categories(then: pl.Series, now: pl.Series) -> tuple[NDArray[Any], NDArray[Any]]:
    """Count the most frequent categories of the reference, and all others as one."""
    counts = then.alias("value").value_counts(sort=True, name="rows").head(_MOST_CATEGORIES)
    both = counts.join(now.alias("value").value_counts(name="rows_now"), on="value", how="left").fill_null(0)
    old, new = both["rows"].to_numpy(), both["rows_now"].to_numpy()
    return np.append(old, len(then) - old.sum()), np.append(new, len(now) - new.sum())
