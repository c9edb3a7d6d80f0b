"""The commands `runs …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from .store import RunRecord

app = typer.Typer(help="See, compare and reproduce runs.", no_args_is_help=True)

_SHORT_ID = 8


@app.command("list")
def list_command(
    experiment: Annotated[str | None, typer.Argument(help="A dataset; all by default")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most runs to print")] = 20,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, the newest first."""
    config = start(overrides, env)
    from .client import open_tracking
    from .config import TrackingConfig
    from .runs import list_runs

    runs = list_runs(open_tracking(config.group("tracking", TrackingConfig), config.root), experiment, limit)
    if as_json:
        typer.echo(json.dumps([_plain(run) for run in runs], indent=2))
    elif not runs:
        typer.echo("there are no runs: `models train` makes some", err=True)
    else:
        print_table([("run", "experiment", "name", "status", "started", "validation"), *(_row(run) for run in runs)])


@app.command("compare")
def compare_command(
    runs: Annotated[list[str], typer.Argument(help="Ids of runs, or how they begin")],
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set runs side by side: what differs in their settings, and all their metrics."""
    config = start(overrides, env)
    from .client import open_tracking
    from .config import TrackingConfig
    from .runs import compare_runs

    found = compare_runs(open_tracking(config.group("tracking", TrackingConfig), config.root), runs)
    if as_json:
        ids = [run.id for run in found.runs]
        typer.echo(json.dumps({"runs": ids, "differences": found.differences, "metrics": found.metrics}, indent=2))
        return
    rows = [("", *(run.id[:_SHORT_ID] for run in found.runs))]
    rows += [(key, *values) for key, values in found.differences.items()]
    rows += [(key, *("" if v is None else f"{v:.5g}" for v in values)) for key, values in found.metrics.items()]
    print_table(rows)


@app.command("reproduce")
def reproduce_command(
    run: Annotated[str, typer.Argument(help="Id of a run, or how it begins")],
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a run's model again, and compare the scores. Exits with 1 if they are not the same."""
    config = start(overrides, env)
    from ..models.reproduction import reproduce
    from ..models.workspace import Workspace

    found = reproduce(Workspace.open(config), run)
    if as_json:
        scores = [{**asdict(score), "same": score.same} for score in found.scores]
        report = {"run": found.run.id, "same": found.same, "changes": found.changes, "scores": scores}
        typer.echo(json.dumps(report, indent=2))
    else:
        for change in found.changes:
            typer.echo(f"changed: {change}", err=True)
        rows = [(s.name, f"{s.first:.8g}", f"{s.again:.8g}", "same" if s.same else "DIFFERENT") for s in found.scores]
        print_table([("score", "run", "again", ""), *rows])
        typer.echo("reproduced" if found.same else "not reproduced")
    if not found.same:
        raise typer.Exit(1)


def _row(run: RunRecord) -> tuple[str, ...]:
    metric = run.tags.get("metric", "")
    score = run.metrics.get(f"validation_{metric}")
    shown = "" if score is None else f"{metric} {score:.4g}"
    return run.id[:_SHORT_ID], run.experiment, run.name, run.status, f"{run.started:%Y-%m-%d %H:%M}", shown


def _plain(run: RunRecord) -> dict[str, object]:
    return {**asdict(run), "started": run.started.isoformat()}
