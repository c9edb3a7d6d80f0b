"""The command that watches features at work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from ..config import Config
    from .definitions.sets import FeatureSet
    from .monitoring.watch import FeatureReport

SetsArgument = Annotated[list[str] | None, typer.Argument(help="Feature sets; all that have tables if none is named")]
ReferenceOption = Annotated[
    Path | None, typer.Option("--reference", help="A training set to compare with, in place of an older table")
]
LatencyOption = Annotated[bool, typer.Option("--latency", help="Measure computation, and reads of the online store")]
SkewOption = Annotated[bool, typer.Option("--skew", help="Compare values of training and of serving")]
FailOption = Annotated[bool, typer.Option("--fail-on-alarm", help="Exit with 1 if there is an alarm")]

_MOST_READ = 500
_MOST_COMPUTED = 10_000


def monitor_command(
    sets: SetsArgument = None,
    reference: ReferenceOption = None,
    latency: LatencyOption = False,
    skew: SkewOption = False,
    fail_on_alarm: FailOption = False,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Look for drift, gaps, age and slowness of features, write a page, and tell people."""
    config = start(overrides, env)
    import polars as pl

    from .config import FeaturesConfig
    from .contracts import read_contracts
    from .definitions.registry import find_definitions
    from .monitoring.alerting import tell
    from .monitoring.page import make_page
    from .monitoring.watch import compare_tables, find_alarms
    from .pipelines.feature_store import FeatureTables
    from .pipelines.historical_features import read_spine
    from .validation_rules import make_rules

    own, definitions, now = config.group("features", FeaturesConfig), find_definitions(), datetime.now(UTC)
    rules, tables = own.monitoring, FeatureTables(config.root / own.batch.tables)
    contracts = read_contracts(config.root / own.validation.contracts)
    given = None if reference is None else pl.DataFrame(read_spine(reference))
    reports = []
    for name in sets or [one.name for one in definitions.sets if tables.times(one.name)]:
        report = compare_tables(definitions[name], tables, rules, given)
        if latency or skew:
            _look_closer(report, definitions[name], config, latency=latency, skew=skew)
        names = [one.feature for one in report.quality]
        limits = make_rules(names, definitions, contracts, own.validation.completeness)
        report.alarms = find_alarms(report, rules, limits, now)
        reports.append(report)
    path = make_page(reports, now).write(config.root / rules.report)
    _keep(reports, config, now)
    failed = []
    for report in reports:
        failed += [one for one in tell(report.name, report.alarms, rules, config, now) if one.outcome == "failed"]
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in reports], indent=2))
    else:
        _show(reports, path)
    for one in failed:
        typer.echo(f"{one.channel} did not take an alert: {one.detail}", err=True)
    # An alarm is told by now: who runs this by itself has no failure to tell beside it, unless it was not told.
    raise typer.Exit(int(bool(failed) or (fail_on_alarm and any(one.alarms for one in reports))))


def _keep(reports: Sequence[FeatureReport], config: Config, now: datetime) -> None:
    """Give the figures to the service, through the online store."""
    from .config import FeaturesConfig
    from .monitoring.figures import keep_report
    from .online.protocol import OnlineStoreError
    from .stores import open_store

    try:
        store = open_store(config.group("features", FeaturesConfig).feature_store.online_store, config.root)
    except OnlineStoreError as error:
        typer.echo(f"the service will not show these figures: {error.message}", err=True)
        return
    try:
        for report in reports:
            keep_report(store, report, now)
    finally:
        store.close()


def _look_closer(report: FeatureReport, one: FeatureSet, config: Config, *, latency: bool, skew: bool) -> None:
    """Measure what needs the sources and the online store."""
    from .config import FeaturesConfig
    from .engines.factory import open_engine
    from .engines.protocol import EVENT_TIME
    from .monitoring.performance_metrics import measure_computation, measure_serving
    from .parity.check import Sample, check_parity
    from .pipelines.feature_store import FeatureTables
    from .sources import open_reader
    from .stores import open_features

    own = config.group("features", FeaturesConfig)
    engine, reader, online = open_engine(own.engine, config.root), open_reader(config), open_features(config)
    try:
        if latency:
            table = FeatureTables(config.root / own.batch.tables).read(one, report.newest)
            spine = table.select([one.entity.key, EVENT_TIME]).slice(0, _MOST_COMPUTED)
            keys = spine[one.entity.key].slice(0, _MOST_READ).to_pylist()
            report.latencies = [measure_computation(engine, reader, one, spine), measure_serving(online, one, keys)]
        if skew:
            parity = own.parity
            sample = Sample(parity.entities, parity.times, None, parity.seed, parity.tolerance)
            found = check_parity(online, engine, reader, one, sample)
            report.skew = (found.compared, found.mismatched)
    finally:
        online.close()


def _show(reports: Sequence[FeatureReport], path: Path) -> None:
    for report in reports:
        against = f"compared with {report.reference}" if report.reference else "nothing to compare with"
        typer.echo(f"{report.name}: {len(report.alarms)} alarms, newest {report.newest.isoformat()}, {against}")
        if report.alarms:
            print_table([("alarm", "what")] + [(one.kind, one.text) for one in report.alarms])
    typer.echo(str(path))
