"""The commands that compute features over tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..runtime import EnvOption, SetOption, start

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
    from .pipelines.historical_features import read_spine, training_set
    from .tables import write_table

    questions = read_spine(spine)
    table = training_set(questions, references, definitions=find_definitions(), config=config, statuses=statuses)
    write_table(table, out)
    typer.echo(f"{out}: {table.num_rows} rows, {table.num_columns} columns")
