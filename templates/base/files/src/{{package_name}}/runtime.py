"""What every command does first, and the options that commands share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .config import Config

EnvOption = Annotated[str | None, typer.Option("--env", metavar="NAME", help="A file of conf/environments")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set one value of the configuration; repeatable")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON")]


def start(overrides: Sequence[str] | None = None, environment: str | None = None) -> Config:
    """Load the configuration, set up the logs, and give libraries their variables from `.env`.

    Parameters
    ----------
    overrides
        What `--set` was given.
    environment
        What `--env` was given.

    Raises
    ------
    ConfigError
        If the configuration is not valid.
    """
    from .config import load_config
    from .config.models import LoggingConfig
    from .logs import configure_logging

    config = load_config(environment, overrides or ())
    logs = config.group("logging", LoggingConfig)
    configure_logging(logs.level, json=logs.format == "json")
    give_variables(config.root)
    return config


def give_variables(root: Path) -> None:
    """Give libraries, which know nothing of the configuration, their variables from `.env`; the environment wins.

    Raises
    ------
    ConfigError
        If the file can't be read.
    """
    from .config.sources import read_dotenv

    for name, value in read_dotenv(root / ".env").items():
        if value:
            os.environ.setdefault(name, value)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows with their columns below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
