"""The commands that write features for other feature stores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, SetOption, start

if TYPE_CHECKING:
    from .definitions import FeatureSet
    from .exchange.python_text import Export

app = typer.Typer(help="Write features as the objects of other feature stores.", no_args_is_help=True)

SetsArgument = Annotated[list[str] | None, typer.Argument(help="Feature sets; all if none is named")]
OutOption = Annotated[Path | None, typer.Option("--out", help="The Python file to write; printed if none is named")]
RootOption = Annotated[
    str | None, typer.Option("--root", help="The project's folder as the store finds it, such as s3://bucket/project")
]
PartialOption = Annotated[bool, typer.Option("--partial", help="Leave out, and name, what can't be written")]


@app.command("chalk")
def chalk_command(
    sets: SetsArgument = None,
    out: OutOption = None,
    partial: PartialOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write features as Chalk's classes."""
    start(overrides, env)
    from .exchange.to_chalk import to_chalk

    _write(sets, out, lambda chosen: to_chalk(chosen, partial=partial))


@app.command("feast")
def feast_command(
    sets: SetsArgument = None,
    out: OutOption = None,
    partial: PartialOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write features as Feast's objects, of the tables that `features backfill` wrote by these definitions."""
    config = start(overrides, env)
    from .config import FeaturesConfig
    from .exchange.to_feast import to_feast
    from .pipelines.feature_store import FeatureTables

    batch = config.group("features", FeaturesConfig).batch
    tables = relpath(config.root / batch.tables, out.absolute().parent if out else config.root)
    every = timedelta(hours=batch.every_hours)

    def export(chosen: list[FeatureSet]) -> Export:
        for one in chosen:
            FeatureTables(config.root / batch.tables).check_all(one)
        return to_feast(chosen, Path(tables).as_posix(), every, partial=partial)

    _write(sets, out, export)


@app.command("tecton")
def tecton_command(
    sets: SetsArgument = None,
    out: OutOption = None,
    root: RootOption = None,
    partial: PartialOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write features as Tecton's objects."""
    config = start(overrides, env)
    from .exchange.to_tecton import to_tecton

    place = root or config.root.as_posix()
    _write(sets, out, lambda chosen: to_tecton(chosen, place, partial=partial))


def _write(sets: list[str] | None, out: Path | None, export: Callable[[list[FeatureSet]], Export]) -> None:
    from .definitions.registry import find_definitions
    from .tables import write_text

    definitions = find_definitions()
    found = export([definitions[name] for name in sets] if sets else list(definitions.sets))
    for error in found.left_out:
        typer.echo(f"left out: {error.message}", err=True)
    for told in found.untested:
        typer.echo(f"left out: {told}", err=True)
    if out is None:
        typer.echo(found.text, nl=False)
    else:
        write_text(found.text.removesuffix("\n"), out)
        typer.echo(f"{out}: written", err=True)
