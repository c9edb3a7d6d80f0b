"""The command that writes the catalogue."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, start

OutOption = Annotated[Path | None, typer.Option("--out", help="The page; in reports/features if not given")]


def catalogue_command(
    out: OutOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a page with all features: owners, versions, lineage, checks, freshness and values."""
    config = start(overrides, env)
    from .catalogue.entries import make_catalogue
    from .catalogue.page import CATALOGUE, make_page
    from .definitions.registry import find_definitions

    found = make_catalogue(config, find_definitions())
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, default=str))
        return
    typer.echo(str(make_page(found, datetime.now(UTC)).write(config.root / (out or CATALOGUE))))
