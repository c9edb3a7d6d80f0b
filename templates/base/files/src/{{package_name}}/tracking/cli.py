"""The commands `runs …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from ..config import Config
    from .responses import Response
    from .runs import Trend
    from .store import RunRecord, Tracking

app = typer.Typer(help="See, compare, follow and reproduce runs.", no_args_is_help=True)

PageOption = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots there too")]
ExperimentArgument = Annotated[str | None, typer.Argument(help="A dataset; all by default")]

_SHORT_ID = 8
_WIDTH = 80
_FEWEST = 8  # letters of a cell
_BAR = 12
_NAME = 14
_PROMPTS = 3
_PROMPT = 4 * _WIDTH  # letters of a prompt


@app.command("list")
def list_command(
    experiment: ExperimentArgument = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most runs to print")] = 20,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, the newest first."""
    tracking = _open(start(overrides, env))
    from .runs import list_runs

    runs = list_runs(tracking, experiment, limit)
    if as_json:
        typer.echo(json.dumps([_plain(run) for run in runs], indent=2))
    elif not runs:
        typer.echo("there are no runs: `models train` makes some", err=True)
    else:
        print_table([("run", "experiment", "name", "status", "started", "validation"), *(_row(run) for run in runs)])


@app.command("show")
def show_command(
    run: Annotated[str, typer.Argument(help="Id of a run, or how it begins")],
    page: PageOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a run: its metrics, its settings, and what a model said in it."""
    tracking = _open(start(overrides, env))
    from .responses import read_responses
    from .runs import find_run

    found = find_run(tracking, run)
    responses = read_responses(tracking, found)
    if as_json:
        curves, said = tracking.curves(found), [asdict(one) for one in responses]
        typer.echo(json.dumps({**_plain(found), "curves": curves, "responses": said}, indent=2))
    else:
        typer.echo(f"{found.name} {found.id} of {found.experiment}, {found.status.lower()}, {_time(found)}\n")
        rows = [(name, f"{value:.5g}") for name, value in found.metrics.items()]
        rows += [(name, _cut(value, _WIDTH // 2)) for name, value in {**found.params, **found.tags}.items()]
        print_table(rows)
        _tell(responses)
    _write_page(tracking, [found], page)


@app.command("compare")
def compare_command(
    runs: Annotated[list[str], typer.Argument(help="Ids of runs, or how they begin")],
    page: PageOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set runs side by side: what differs in their settings, and all their metrics."""
    tracking = _open(start(overrides, env))
    from .runs import compare_runs

    found = compare_runs(tracking, runs)
    if as_json:
        ids = [run.id for run in found.runs]
        typer.echo(json.dumps({"runs": ids, "differences": found.differences, "metrics": found.metrics}, indent=2))
    else:
        rows = [("", *(run.id[:_SHORT_ID] for run in found.runs))]
        rows += [(key, *values) for key, values in found.differences.items()]
        rows += [(key, *("" if v is None else f"{v:.5g}" for v in values)) for key, values in found.metrics.items()]
        print_table(_fitted(rows))
    _write_page(tracking, found.runs, page)


@app.command("trend")
def trend_command(
    metric: Annotated[str, typer.Argument(help="Such as validation_accuracy or eval_loss")],
    experiment: ExperimentArgument = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most runs to look at")] = 100,
    page: PageOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a metric over runs, from the oldest to the newest."""
    tracking = _open(start(overrides, env))
    from .runs import follow_metric

    found = follow_metric(tracking, metric, experiment, limit)
    if as_json:
        typer.echo(json.dumps([{**_plain(run), "value": run.metrics[metric]} for run in found.runs], indent=2))
    else:
        print_table(_trend_rows(found))
    if page is not None:
        from .pages import trend_report

        typer.echo(f"wrote {trend_report(found).write(page)}", err=True)


@app.command("reproduce")
def reproduce_command(
    run: Annotated[str, typer.Argument(help="Id of a run, or how it begins")],
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a run's model again, and compare the numbers. Exits with 1 if they are not the same."""
    config = start(overrides, env)
    from .reproduction import reproduce

    found = reproduce(config, run)
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


def _open(config: Config) -> Tracking:
    from .client import open_tracking
    from .config import TrackingConfig

    return open_tracking(config.group("tracking", TrackingConfig), config.root)


def _tell(responses: Sequence[Response]) -> None:
    """Print the first prompts, each with all answers to it."""
    answers: dict[str, list[Response]] = {}
    for one in responses:
        answers.setdefault(one.prompt, []).append(one)
    for prompt, some in list(answers.items())[:_PROMPTS]:
        typer.echo(f"\n{_cut(prompt, _PROMPT)}")
        said = [("expected", some[0].expected)] if some[0].expected else []
        said += [(_cut(one.variant or "response", _NAME), one.response) for one in some]
        print_table([(name, _cut(text, _WIDTH - 20)) for name, text in said])
    if len(answers) > _PROMPTS:
        typer.echo(f"\n{len(answers) - _PROMPTS} more prompts: --html shows them")


def _write_page(tracking: Tracking, runs: Sequence[RunRecord], path: Path | None) -> None:
    if path is not None:
        from .pages import report_of

        typer.echo(f"wrote {report_of(tracking, runs).write(path)}", err=True)


def _row(run: RunRecord) -> tuple[str, ...]:
    from .runs import headline

    metric, score = headline(run)
    shown = "" if score is None else f"{metric} {score:.4g}"
    return run.id[:_SHORT_ID], run.experiment, _cut(run.name, _NAME), run.status, _time(run)[5:], shown


def _trend_rows(found: Trend) -> list[tuple[str, ...]]:
    low, high = min(found.values), max(found.values)
    alone = len({run.experiment for run in found.runs}) == 1
    rows: list[tuple[str, ...]] = [("run", "name", "started", found.metric, "change", "")]
    for run, value, change in zip(found.runs, found.values, found.changes, strict=True):
        share = (value - low) / (high - low) if high > low else 1.0
        bar = "▪" * (1 + round(share * (_BAR - 1)))
        shown = "" if change is None else f"{change:+.3g}"
        name = run.name if alone else f"{run.experiment} {run.name}"
        rows.append((run.id[:_SHORT_ID], _cut(name, _NAME), _time(run)[5:], f"{value:.5g}", shown, bar))
    return rows


def _fitted(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Cut values, so that a table has the width of a terminal as far as that goes; `--json` has them whole."""
    name = max(len(row[0]) for row in rows)
    most = max(_FEWEST, (_WIDTH - name) // (len(rows[0]) - 1) - 2)
    return [[row[0], *(_cut(value, most) for value in row[1:])] for row in rows]


def _cut(text: str, most: int) -> str:
    """Shorten a text to one line; what a terminal would obey, such as an escape, becomes a space."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _time(run: RunRecord) -> str:
    return f"{run.started:%Y-%m-%d %H:%M}"


def _plain(run: RunRecord) -> dict[str, object]:
    return {**asdict(run), "started": run.started.isoformat()}
