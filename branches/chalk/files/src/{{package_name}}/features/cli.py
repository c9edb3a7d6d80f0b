"""The commands `features …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import typer

from .catalogue_cli import catalogue_command
from .changes_cli import apply_command, diff_command, lineage_command, plan_command
from .definitions_cli import list_command, show_command
from .example_cli import demo_command
from .exchange_cli import app as exchange_app
from .monitoring_cli import monitor_command
from .online_cli import materialise_command, parity_command
from .schedule_cli import schedule_command
from .stream_cli import app as stream_app
from .tables_cli import backfill_command, train_set_command
from .transform_cli import transform_command
from .validation_cli import validate_command

app = typer.Typer(help="Features: define, compute, serve and check them.", no_args_is_help=True)
app.command("list")(list_command)
app.command("show")(show_command)
app.command("catalogue")(catalogue_command)
app.command("lineage")(lineage_command)
app.command("diff")(diff_command)
app.command("plan")(plan_command)
app.command("apply")(apply_command)
app.command("backfill")(backfill_command)
app.command("train-set")(train_set_command)
app.command("validate")(validate_command)
app.command("transform")(transform_command)
app.command("demo")(demo_command)
app.add_typer(stream_app, name="stream")
app.add_typer(exchange_app, name="export")
app.command("materialise")(materialise_command)
app.command("parity")(parity_command)
app.command("monitor")(monitor_command)
app.command("schedule")(schedule_command)


@app.callback()
def features() -> None:
    """Features: define, compute, serve and check them."""
