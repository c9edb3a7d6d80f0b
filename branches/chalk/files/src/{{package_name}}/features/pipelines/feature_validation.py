"""Feature tables and training sets held against configuration and contracts, with a quarantine for rows.

definitions + contracts → rules → table → report, clean rows, rows in quarantine
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa

from ...config import Config
from ...logs import get_logger
from ..config import FeaturesConfig
from ..contracts import Contract, read_contracts
from ..definitions.registry import Definitions
from ..errors import DefinitionError, FeatureError
from ..expectations import find_suites, hold_against
from ..tables import write_table
from ..validation_config import ValidationConfig
from ..validation_rules import make_rules
from ..validators import FeatureValidator, ValidationReport
from .feature_store import FeatureTables

_log = get_logger(__name__)


def validator_for(
    names: Sequence[str],
    definitions: Definitions,
    contracts: Sequence[Contract],
    rules: ValidationConfig,
    now: datetime | None = None,
) -> FeatureValidator:
    """Make what holds a table with these features against configuration and contracts.

    Parameters
    ----------
    names
        References, such as `customer.spend_30d`.
    now
        The present, by which values are fresh or not; a training set, whose times are of the past, has none.
    """
    keys = dict.fromkeys(definitions.find(name)[0].entity.key for name in names)
    fresh = [
        (now - timedelta(hours=one.fresh_hours), one.consumer)
        for one in contracts
        if now is not None and one.fresh_hours is not None and set(one.columns) & set(names)
    ]
    return FeatureValidator(
        make_rules(names, definitions, contracts, rules.completeness),
        list(keys),
        rules.uniqueness,
        rules.quarantined,
        max(fresh, default=None),
    )


def validate_table(
    table: pa.Table, definitions: Definitions, config: Config, now: datetime | None = None
) -> ValidationReport:
    """Hold a table of features, or a training set, against configuration, contracts, and suites of expectations.

    Raises
    ------
    FeatureError
        If no column of it is a feature, or there is a suite and nothing that runs it.
    """
    names = [name for name in table.column_names if _is_feature(name, definitions)]
    if not names:
        hint = "columns of features are named as customer.spend_30d is; features train-set and backfill write them"
        raise FeatureError(f"no column is a feature: {', '.join(table.column_names)}", hint=hint)
    rules = config.group("features", FeaturesConfig).validation
    contracts = read_contracts(config.root / rules.contracts)
    frame = pl.DataFrame(table)
    report = validator_for(names, definitions, contracts, rules, now).validate(frame)
    sets = dict.fromkeys(name.partition(".")[0] for name in names)
    suites = find_suites(config.root / rules.expectations, list(sets))
    unmet = [issue for path in suites for issue in hold_against(report.clean, path)]
    return replace(report, issues=[*report.issues, *unmet])


def validate_newest(
    name: str, definitions: Definitions, config: Config, now: datetime | None = None
) -> ValidationReport:
    """Hold the newest table of a set against configuration and contracts; what consumers read must all be in it.

    Raises
    ------
    FeatureError
        If the set has no table.
    """
    own = config.group("features", FeaturesConfig)
    tables = FeatureTables(config.root / own.batch.tables)
    times = tables.times(name)
    if not times:
        raise FeatureError(f"{name} has no table", hint=f"compute one: features backfill {name}")
    table = tables.read(definitions[name], times[-1])
    report = validate_table(table, definitions, config, now or datetime.now(UTC))
    put_aside(report, f"{name}-{times[-1]:%Y%m%dT%H%M%SZ}", config)
    return report


def put_aside(report: ValidationReport, name: str, config: Config) -> Path | None:
    """Write the rows that may not be used, with their reasons, and give the file; None if there are none."""
    if report.quarantine.is_empty():
        return None
    folder = config.root / config.group("features", FeaturesConfig).validation.quarantine
    path = folder / f"{name}.parquet"
    write_table(report.quarantine.to_arrow(), path)
    _log.warning("rows are set aside", rows=report.quarantine.height, reasons=report.reasons, file=str(path))
    return path


def checked(table: pa.Table, what: str, definitions: Definitions, config: Config) -> None:
    """Do what `features.validation.on_failure` says where a table that was just made does not pass.

    Raises
    ------
    FeatureError
        If it is `error`.
    """
    if config.group("features", FeaturesConfig).validation.on_failure != "off":
        _ensure(validate_table(table, definitions, config), what, config)


def newest_checked(name: str, definitions: Definitions, config: Config) -> None:
    """Do the same with the newest table of a set, and set aside its rows that may not be used.

    Raises
    ------
    FeatureError
        If `features.validation.on_failure` is `error` and it does not pass.
    """
    own = config.group("features", FeaturesConfig)
    tables = FeatureTables(config.root / own.batch.tables)
    times = tables.times(name)
    whole = bool(times) and not tables.outdated(definitions[name], times[-1])  # a range of dates may end before it
    if own.validation.on_failure != "off" and whole:
        _ensure(validate_newest(name, definitions, config), f"the newest table of {name}", config)


def _ensure(report: ValidationReport, what: str, config: Config) -> None:
    if report.passed:
        return
    if config.group("features", FeaturesConfig).validation.on_failure == "error":
        hint = "look at the sources, or change features.validation or the contract with its consumer"
        raise FeatureError(f"{what} does not pass: {'; '.join(one.text for one in report.issues)}", hint=hint)
    _log.warning("a table does not pass", table=what, issues=[one.text for one in report.issues])


def _is_feature(name: str, definitions: Definitions) -> bool:
    if "." not in name:
        return False
    try:
        definitions.find(name)
    except DefinitionError:
        return False
    return True
