"""The commands `monitor …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from .history import History
    from .report import MonitoringReport

app = typer.Typer(help="Watch models at work.", no_args_is_help=True)

_CENTURY = 36_500  # days

ModelOption = Annotated[str | None, typer.Option("--model", help="A registered model; all by default")]


@app.command("run")
def run_command(
    model: ModelOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="START", help="Such as 24h, 7d, 2026-01-31, or version")
    ] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train anew if there is drift, up to the gate")] = False,
    fail_on_drift: Annotated[bool, typer.Option("--fail-on-drift", help="Exit with 1 if there is drift")] = False,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what models are asked with what they were trained on; write reports, and send alerts.

    Exits with 1 if a model can't be watched, or its retraining fails.
    """
    config = start(overrides, env)
    from ..errors import ProjectError
    from .workflow import Monitor

    monitor = Monitor.open(config)
    reports: list[MonitoringReport] = []
    failed = False
    for name in [model] if model else monitor.models():
        try:
            reports.append(monitor.run(name, since, retraining=retrain))
        except ProjectError as error:
            if model:
                raise
            typer.echo(f"error: {name}: {error}", err=True)
            failed = True
    _print(reports, as_json=as_json)
    failed |= any(report.retraining is not None and report.retraining.outcome == "failed" for report in reports)
    if failed or (fail_on_drift and any(report.drifted for report in reports)):
        raise typer.Exit(1)


@app.command("retrain")
def retrain_command(
    models: Annotated[list[str] | None, typer.Argument(metavar="[MODEL]...", help="All by default")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make datasets anew, train, and ask the gate, whether there is drift or not. Exits with 1 if one fails."""
    config = start(overrides, env)
    from datetime import UTC, datetime

    from ..data.config import DataConfig
    from .access import open_history
    from .config import MonitoringConfig
    from .page import told
    from .retraining import retrain

    rules = config.group("monitoring", MonitoringConfig).retraining.model_copy(update={"cooldown_hours": 0})
    history = open_history(config)
    failed = False
    for model in models or sorted(config.group("data", DataConfig).datasets):
        came = retrain(config, model, history, rules, datetime.now(UTC))
        typer.echo(f"{model}: {told(came)}", err=came.outcome == "failed")
        failed = failed or came.outcome == "failed"
    if failed:
        raise typer.Exit(1)


@app.command("report")
def report_command(
    model: ModelOption = None, overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False
) -> None:
    """Print the latest reports again."""
    config = start(overrides, env)
    from .access import open_history

    history = open_history(config)
    _print([history.read(name) for name in _reported(history, model)], as_json=as_json)


@app.command("history")
def history_command(
    model: ModelOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most runs of each model, the latest")] = 20,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what each run found, the newest first."""
    config = start(overrides, env)
    from .access import open_history
    from .errors import MonitoringError

    history = open_history(config)
    runs = [one for name in _reported(history, model) for one in history.numbers(name, limit)]
    if not runs:
        whose = f" of {model}" if model else ""
        message = f"there is no report{whose} that this version of the project can read"
        raise MonitoringError(message, hint="`monitor run` makes one")
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in runs], indent=2, ensure_ascii=False))
        return
    table = [("looked at (UTC)", "model", "version", "status", "alarms", "predictions", "greatest PSI", "score")]
    for one in runs:
        greatest = f"{one.greatest[1]:.3g} {one.greatest[0]}" if one.greatest else "-"
        score = next((f"{value:.4g} {name}" for name, value in one.scores.items()), "-")
        looked, alarms = f"{one.created:%Y-%m-%d %H:%M}", str(sum(one.alarms.values()))
        table.append((looked, one.model, str(one.version), one.status, alarms, str(one.rows), greatest, score))
    print_table(table)


@app.command("labels")
def labels_command(
    source: Annotated[str, typer.Argument(metavar="FILE", help="CSV, JSON lines or Parquet with id and label")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Add labels that have arrived to the predictions that they belong to."""
    config = start(overrides, env)
    from .access import open_log
    from .labels import add_labels

    added = add_labels(open_log(config), source)
    typer.echo(f"{added.written} labels written")
    if added.unknown:
        typer.echo(f"{added.unknown} labels have an id that no prediction has", err=True)
    if added.empty:
        typer.echo(f"{added.empty} rows have no id or no label", err=True)


@app.command("prune")
def prune_command(
    days: Annotated[
        int | None,
        typer.Option(
            "--days", min=0, max=_CENTURY, help="Age of what is deleted; that of serving.log.keep_days by default"
        ),
    ] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Delete old predictions. The service does so by itself, every hour."""
    config = start(overrides, env)
    from datetime import UTC, datetime, timedelta

    from .access import open_log

    age = config.group("serving").log.keep_days if days is None else days
    deleted = open_log(config).prune(datetime.now(UTC) - timedelta(days=age))
    typer.echo(f"{deleted} predictions that were older than {age} days deleted")


def _reported(history: History, model: str | None) -> list[str]:
    """Name the models whose reports are wanted."""
    from ..models.registry import check_name
    from .errors import MonitoringError

    if model:
        check_name(model)
        return [model]
    found = history.models()
    if not found:
        raise MonitoringError("there is no report", hint="`monitor run` makes one")
    return found


def _print(reports: list[MonitoringReport], *, as_json: bool) -> None:
    if as_json:
        found = [report.model_dump(mode="json") for report in reports]
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    from .page import summary, told
    from .report import FOLDER, HTML

    for report in reports:
        typer.echo(f"{report.model} version {report.version}: {report.status}")
        typer.echo(f"  {summary(report)}")
        for alarm in report.alarms:
            typer.echo(f"  {alarm.kind}: {alarm.text}")
        if report.retraining:
            typer.echo(f"  retraining {told(report.retraining)}")
        for delivery in report.deliveries:
            detail = f": {delivery.detail}" if delivery.detail else ""
            typer.echo(f"  alert by {delivery.channel} {delivery.outcome}{detail}", err=delivery.outcome == "failed")
        typer.echo(f"  report: {FOLDER / report.model / HTML}", err=True)
