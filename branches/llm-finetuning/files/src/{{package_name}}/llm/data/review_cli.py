"""The commands ``datasets review …``: decisions of people in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption
from .options import Reference, open_datasets, tell_version

app = typer.Typer(help="Take decisions of people in and out; the page /ui/review takes them too.")


@app.command("export")
def export_command(
    dataset: Reference,
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file to write")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a sheet to review in a spreadsheet: fill in `decision`, and `new_question`, `new_answer` for edits."""
    _, _, store = open_datasets(overrides, env)
    from .reviews import Reviews, write_sheet

    count = write_sheet(store.get(dataset), Reviews(store.root / "reviews.db"), output)
    typer.echo(f"{count} rows in {output}: a decision is accept, edit, reject or open", err=True)


@app.command("import")
def import_command(
    dataset: Reference,
    file: Annotated[Path, typer.Argument(help="The sheet that was filled in")],
    reviewer: Annotated[str, typer.Option("--reviewer", help="Who decided")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Take the decisions of a sheet over."""
    _, _, store = open_datasets(overrides, env)
    from .reviews import Reviews, read_sheet

    version = store.get(dataset)
    decisions = read_sheet(version, file, reviewer)
    Reviews(store.root / "reviews.db").decide(version.name, *decisions)
    typer.echo(f"{len(decisions)} decisions of {reviewer} about {version}")


@app.command("apply")
def apply_command(
    dataset: Reference,
    reviewed_only: Annotated[bool, typer.Option("--reviewed-only", help="Leave out what nobody has decided")] = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make the version that people have decided for: with edits, without what was rejected."""
    config, _, store = open_datasets(overrides, env)
    from .building import describe
    from .reviews import Reviews, apply
    from .splits import check_splits

    version = store.get(dataset)
    splits, counts = apply(version, Reviews(store.root / "reviews.db"), reviewed_only=reviewed_only)
    check_splits(splits, config.quality.similarity)
    about = {"source": {"review": dict(counts)}, "parents": [str(version)]}
    made = store.save(version.name, splits, {**about, **describe(splits)})
    tell_version(made)
