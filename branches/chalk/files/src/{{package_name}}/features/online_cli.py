"""The commands that fill the online store, read it, and hold it against training sets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from ..config import Config
    from .parity.check import ParityReport, Sample
    from .semantics import FeatureValue

SourcesArgument = Annotated[list[str] | None, typer.Argument(help="Sources; all if none is named")]
SetsArgument = Annotated[list[str] | None, typer.Argument(help="Feature sets; all if none is named")]
UntilOption = Annotated[str | None, typer.Option("--until", help="What is known until then; the present if not given")]
AtOption = Annotated[str | None, typer.Option("--at", help="The last time that is compared")]
MadeUpOption = Annotated[
    bool, typer.Option("--made-up", help="Of rows that are made up for every source, in place of those that there are")
]
EntitiesOption = Annotated[int | None, typer.Option("--entities", min=1, help="How many entities are compared")]


def materialise_command(
    sources: SourcesArgument = None,
    until: UntilOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write to the online store what became known since the last time."""
    config = start(overrides, env)
    from dataclasses import asdict

    from .errors import FeatureError
    from .online.materialise import materialise
    from .semantics import in_utc
    from .sources import open_reader
    from .stores import open_features
    from .times import read_time

    online = open_features(config)
    try:
        moment = datetime.now(UTC) if until is None else in_utc(read_time(until))
        if moment > datetime.now(UTC):
            hint = "nothing is known of it yet, and streams would leave out what happens until then"
            raise FeatureError(f"the end {moment.isoformat()} is in the future", hint=hint)
        filled = materialise(online, open_reader(config), moment, sources)
    finally:
        online.close()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in filled], indent=2, default=str))
        return
    for one in filled:
        done = one.skipped or f"{one.rows} rows of {one.entities} entities until {one.until.isoformat()}"
        typer.echo(f"{one.entity} of {one.source}: {done}")


def parity_command(
    sets: SetsArgument = None,
    entities: EntitiesOption = None,
    at: AtOption = None,
    made_up: MadeUpOption = False,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Compare values online and offline, and explain each difference; ends with 1 if one is found, or nothing is."""
    config = start(overrides, env)
    from .config import FeaturesConfig
    from .parity.check import Sample
    from .semantics import in_utc
    from .times import read_time

    parity = config.group("features", FeaturesConfig).parity
    last = None if at is None else in_utc(read_time(at))
    sample = Sample(entities or parity.entities, parity.times, last, parity.seed, parity.tolerance)
    reports = _of_made_up(config, sample, sets) if made_up else _of_what_is_there(config, sample, sets)
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in reports], indent=2, default=str))
    else:
        _show(reports)
    raise typer.Exit(int(not reports or any(one.mismatched or not one.compared for one in reports)))


def _of_what_is_there(config: Config, sample: Sample, sets: Sequence[str] | None) -> list[ParityReport]:
    from .config import FeaturesConfig
    from .engines.factory import open_engine
    from .monitoring.figures import keep_parity
    from .parity.check import check_parity
    from .sources import open_reader
    from .stores import open_features

    online = open_features(config)
    try:
        engine = open_engine(config.group("features", FeaturesConfig).engine, config.root)
        wanted, reader = sets or [one.name for one in online.definitions.sets], open_reader(config)
        reports = [check_parity(online, engine, reader, online.definitions[name], sample) for name in wanted]
        for report in reports:
            keep_parity(online.store, report, datetime.now(UTC))
        return reports
    finally:
        online.close()


def _of_made_up(config: Config, sample: Sample, sets: Sequence[str] | None) -> list[ParityReport]:
    from .config import FeaturesConfig
    from .definitions.registry import Definitions, find_definitions
    from .engines.factory import open_engine
    from .parity.trial import try_parity

    own, definitions = config.group("features", FeaturesConfig), find_definitions()
    wanted = Definitions(tuple(definitions[name] for name in sets)) if sets else definitions
    engine, lateness = open_engine(own.engine, config.root), timedelta(hours=own.serving.lateness_hours)
    return try_parity(wanted, engine, sample.at or datetime.now(UTC), sample, lateness)


def _show(reports: Sequence[ParityReport]) -> None:
    if not reports:
        typer.echo("nothing was compared: no feature set is defined")
    for report in reports:
        if not report.compared:
            typer.echo(f"{report.feature_set}: nothing was compared, as its sources have no rows")
            continue
        typer.echo(f"{report.feature_set}: {report.compared} values compared, {report.mismatched} are not the same")
    found = [one for report in reports for one in report.mismatches]
    if found:
        heading = ("feature", "entity", "time", "online", "offline", "reason", "explanation")
        rows = [
            (one.feature, str(one.key), one.time.isoformat(), _value(one.online), _value(one.offline), one.reason,
             one.explanation)
            for one in found
        ]  # fmt: skip
        print_table([heading, *rows])


def _value(one: FeatureValue) -> str:
    return f"{one.value} ({one.status})"
