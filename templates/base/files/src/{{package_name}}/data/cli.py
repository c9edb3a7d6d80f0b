"""The commands `data …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, start

if TYPE_CHECKING:
    from .check import BadRow, Outcome

app = typer.Typer(help="Check, clean and split data.", no_args_is_help=True, rich_markup_mode=None)

DatasetsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[DATASET]...", help="Datasets of conf/data.yaml; all by default")
]


@app.command("run")
def run_command(
    datasets: DatasetsArgument = None, overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False
) -> None:
    """Check, clean and split datasets, and write them with their cards."""
    config = start(overrides, env)
    from .config import DataConfig
    from .pipeline import open_datasets, run

    processed = config.root / config.group("data", DataConfig).processed
    cards = [run(opened, processed) for opened in open_datasets(config, datasets)]
    if as_json:
        typer.echo(json.dumps([card.model_dump(mode="json") for card in cards], indent=2, ensure_ascii=False))
        return
    for card in cards:
        sizes = ", ".join(f"{name} {size}" for name, size in card.split.sizes.items())
        typer.echo(f"{card.name}: {card.rows} rows ({sizes}), {card.quarantined} in quarantine")
        for step in card.steps:
            typer.echo(f"  {step.name}: {step.changed}")
        typer.echo(f"  written to {processed / card.name}", err=True)


@app.command("validate")
def validate_command(
    datasets: DatasetsArgument = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most bad rows to print of each dataset")] = 10,
) -> None:
    """Check datasets and change nothing. Exits with 1 if a row breaks a rule."""
    config = start(overrides, env)
    import tempfile
    from dataclasses import asdict
    from datetime import UTC, datetime

    from .check import QUARANTINE, check, examples
    from .pipeline import open_datasets

    reports = []
    for opened in open_datasets(config, datasets):
        with tempfile.TemporaryDirectory(prefix="data-") as scratch:
            outcome = check(opened.table, opened.config, opened.columns, datetime.now(UTC), Path(scratch))
            reports.append((opened.name, outcome, examples(Path(scratch) / QUARANTINE, limit)))
    if as_json:
        found = [
            {
                "dataset": name,
                "rows": outcome.rows,
                "bad_rows": outcome.quarantined,
                "reasons": outcome.reasons,
                "examples": [asdict(row) for row in rows],
            }
            for name, outcome, rows in reports
        ]
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for report in reports:
            _print_report(*report)
    if any(outcome.quarantined for _, outcome, _ in reports):
        raise typer.Exit(1)


@app.command("profile")
def profile_command(
    source: Annotated[str, typer.Argument(help="A file, a folder, or the address of a database")],
    reader: Annotated[str, typer.Option("--reader", help="csv, parquet, jsonl, folder, sql, or a plugin")] = "auto",
    query: Annotated[str | None, typer.Option("--query", help="What to ask a database")] = None,
    env: EnvOption = None,
) -> None:
    """Propose a schema for new data, as YAML for conf/data.yaml."""
    start(None, env)
    import yaml

    from .config import DatasetConfig
    from .readers import read
    from .schema import propose

    missing = DatasetConfig.model_fields["missing"].default
    table = read(source, reader, {"query": query} if query else {})
    columns = propose(table, missing)
    proposal = {name: column.model_dump(include={"type", "nullable"}) for name, column in columns.items()}
    typer.echo(yaml.safe_dump({"columns": proposal}, sort_keys=False, allow_unicode=True), nl=False)


@app.command("sample")
def sample_command(
    folder: Annotated[Path | None, typer.Option("--folder", help="Where to; data/raw by default")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there")] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only files that a dataset reads and that are not there")
    ] = False,
    env: EnvOption = None,
) -> None:
    """Write two real datasets as CSV, with faults for `data run` to find."""
    config = start(None, env)
    from .config import DataConfig
    from .sample import write_samples

    only = None
    if missing:
        sources = {config.root / dataset.source for dataset in config.group("data", DataConfig).datasets.values()}
        only = {path for path in sources if not path.exists()}
    for path, rows in write_samples(folder or config.root / "data" / "raw", force=force, only=only).items():
        typer.echo(f"{path}: {rows} rows")


def _print_report(name: str, outcome: Outcome, rows: list[BadRow]) -> None:
    typer.echo(f"{name}: {outcome.rows} rows, {outcome.quarantined} of them bad")
    for reason, count in outcome.reasons.items():
        typer.echo(f"  {reason}: {count}")
    for row in rows:
        values = ", ".join(f"{column}={value!r}" for column, value in row.values.items())
        typer.echo(f"  {row.source}:{row.line}: {'; '.join(row.reasons)}{f' ({values})' if values else ''}")
