"""The commands that compute features over tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, start

ReferencesArgument = Annotated[list[str], typer.Argument(help="Features, such as customer.spend_30d, or sets")]
SpineOption = Annotated[
    Path, typer.Option("--spine", help="Questions as Parquet or CSV: the keys, event_time with a zone, anything else")
]
OutOption = Annotated[Path, typer.Option("--out", help="The Parquet file to write")]
StatusesOption = Annotated[bool, typer.Option("--statuses", help="Say beside each value how it came to be")]


def train_set_command(
    references: ReferencesArgument,
    spine: SpineOption,
    out: OutOption,
    statuses: StatusesOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Join features to questions, each as it was known at the question's time."""
    config = start(overrides, env)
    from .definitions.registry import find_definitions
    from .pipelines.feature_validation import checked
    from .pipelines.historical_features import read_spine, training_set
    from .tables import write_table

    questions, definitions = read_spine(spine), find_definitions()
    table = training_set(questions, references, definitions=definitions, config=config, statuses=statuses)
    checked(table, str(out), definitions, config)
    write_table(table, out)
    typer.echo(f"{out}: {table.num_rows} rows, {table.num_columns} columns")


SetsArgument = Annotated[list[str] | None, typer.Argument(help="Feature sets; all if none is named")]
FromOption = Annotated[str | None, typer.Option("--from", help="The first time, such as 2026-01-31T00:00:00+00:00")]
ToOption = Annotated[str | None, typer.Option("--to", help="The last time; the present if none is given")]


def backfill_command(
    sets: SetsArgument = None,
    start_at: FromOption = None,
    end_at: ToOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Compute the tables of features: the times that lack values, and what a changed definition makes of the others."""
    config = start(overrides, env)
    from .config import FeaturesConfig
    from .definitions.registry import find_definitions
    from .pipelines.batch_features import open_backfill
    from .pipelines.delta_tables import publish
    from .pipelines.feature_validation import newest_checked
    from .times import read_time

    definitions = find_definitions()
    first, last = (None if text is None else read_time(text) for text in (start_at, end_at))
    backfill = open_backfill(config)
    folder = config.group("features", FeaturesConfig).batch.delta
    delta = config.root / folder if folder else None
    reports = []
    for name in sets or [one.name for one in definitions.sets]:
        report = backfill.run(definitions[name], first, last)
        published = {"published": publish(backfill.tables, definitions[name], delta)} if delta else {}
        reports.append(report.to_json() | published)
        newest_checked(name, definitions, config)
        if not as_json:
            done = f"{report.times} times computed, {report.done_before} were there, {report.rows} rows"
            aside = "".join(f", {count} rows of {source} set aside" for source, count in report.set_aside.items())
            sent = "".join(f", {count} times written to Delta" for count in published.values())
            typer.echo(f"{name}: {done}{aside}{sent}")
    if as_json:
        typer.echo(json.dumps(reports, indent=2))
