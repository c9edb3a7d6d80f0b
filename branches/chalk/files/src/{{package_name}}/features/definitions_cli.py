"""The commands that show what is defined."""

from __future__ import annotations

import json

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start


def list_command(as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None) -> None:
    """List all features: what they are of, and their version."""
    start(overrides, env)
    from .definitions.registry import find_definitions

    rows = [
        (f"{one.name}.{feature.name}", type(feature).__name__.lower(), str(feature.kind), one.fingerprint(feature.name))
        for one in find_definitions().sets
        for feature in one.features
    ]
    heading = ("feature", "type", "kind", "version")
    if as_json:
        typer.echo(json.dumps([dict(zip(heading, row, strict=True)) for row in rows], indent=2))
    else:
        print_table([heading, *rows])
