"""The commands ``datasets import`` and ``datasets export``: datasets of other tools in and out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption
from .options import NameOption, Reference, SeedOption, open_datasets, tell_version

app = typer.Typer()

FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="pairs, messages, sharegpt, instruction, completion or preference"),
]


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="JSON lines, JSON or CSV")],
    name: NameOption,
    form: FormatOption = None,
    seed: SeedOption = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Take a dataset of another tool in; its format is told by its fields."""
    config, _, store = open_datasets(overrides, env)
    from .building import describe, distinct, masked
    from .formats import read_rows
    from .splits import split_rows

    found, rows = read_rows(file, form)
    typer.echo(f"format: {found}, {len(rows)} rows", err=True)
    rows, hidden = masked(rows) if config.data.mask_private else (rows, Counter[str]())
    if hidden:
        counts = ", ".join(f"{count} {kind}" for kind, count in hidden.most_common())
        typer.echo(f"warning: personal data or secrets were masked: {counts}", err=True)
    kept = distinct(rows, config.quality.similarity)
    if len(kept) < len(rows):
        typer.echo(f"{len(rows) - len(kept)} near-duplicates were left out", err=True)
    splits = split_rows(kept, config.data, seed=seed, similarity=config.quality.similarity)
    about = {"source": {"file": file.name}, "format": found, "masked": hidden, "near_duplicates": len(rows) - len(kept)}
    version = store.save(name, splits, {**about, **describe(splits)})
    tell_version(version)


@app.command("export")
def export_command(
    dataset: Reference,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for a file of each split")],
    form: FormatOption = "messages",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a dataset for another tool."""
    _, _, store = open_datasets(overrides, env)
    from .formats import check_format, write_rows

    check_format(form)
    splits = store.get(dataset).splits()
    output.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        path = output / f"{split}.jsonl"
        write_rows(rows, path, form or "messages")
        typer.echo(path.as_posix())
