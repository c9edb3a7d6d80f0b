"""The commands `agents …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import typer

from ..plugins import PluginError, find_plugins
from ..workflows.agentic.cli import analyse, demo, improve, train
from .coordination.cli import app as team
from .durability.cli import app as runs
from .evaluation.cli import app as evaluate
from .frameworks.cli import app as frameworks
from .jobs.cli import work
from .memory.cli import app as memory
from .run_cli import models, run
from .safety.cli import app as safety_app
from .safety.cli import audit_app
from .sandbox.cli import app as sandbox_app
from .tools.commands import app as tools
from .tools.mcp_commands import app as mcp

app = typer.Typer(help="Agents that work with tools, within limits and under people's eyes.", no_args_is_help=True)
app.command("run")(run)
app.command("analyse")(analyse)
app.command("train")(train)
app.command("improve")(improve)
app.command("demo")(demo)
app.command("models")(models)
app.add_typer(audit_app, name="audit")
app.add_typer(evaluate, name="evaluate")
app.add_typer(frameworks, name="frameworks")
app.add_typer(mcp, name="mcp")
app.add_typer(memory, name="memory")
app.add_typer(runs, name="runs")
app.add_typer(safety_app, name="safety")
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(team, name="team")
app.add_typer(tools, name="tools")
app.command("work")(work)


for plugin in find_plugins("agents").values():
    try:
        command = plugin.load()
        if not callable(command):
            raise plugin.error("it is no function")
        app.command(plugin.name)(command)
    except PluginError as error:
        typer.echo(f"warning: {error}", err=True)


@app.callback()
def agents() -> None:
    """Agents that work with tools, within limits and under people's eyes."""
