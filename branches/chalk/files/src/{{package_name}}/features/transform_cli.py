"""The command that turns training sets into numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..runtime import EnvOption, SetOption, start

TrainArgument = Annotated[Path, typer.Argument(help="Parquet that is learnt from, as `features train-set` writes it")]
OthersArgument = Annotated[list[Path] | None, typer.Argument(help="Parquet of validation or test: only transformed")]
LabelOption = Annotated[str, typer.Option("--label", help="The column that is to be predicted; it is kept as it is")]
KeepOption = Annotated[
    list[str] | None, typer.Option("--keep", help="A column that is no feature, such as the key; repeatable")
]
OutOption = Annotated[Path, typer.Option("--out", help="The folder for files of the same names")]


def transform_command(
    train: TrainArgument,
    label: LabelOption,
    out: OutOption,
    others: OthersArgument = None,
    keep: KeepOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Learn from training rows how columns become numbers, and transform these and others."""
    config = start(overrides, env)
    from .config import FeaturesConfig
    from .transforming import transform_files

    options = config.group("features", FeaturesConfig).transformations
    for path, rows, columns in transform_files([train, *(others or [])], out, label, keep or [], options):
        typer.echo(f"{path}: {rows} rows, {columns} columns")
