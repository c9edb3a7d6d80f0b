"""The commands `agents …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import typer

from ..plugins.commands import PluginGroup
from ..workflows.agentic.cli import analyse, demo, improve, train
from .coordination.cli import app as team
from .coordination.judges_cli import app as judges
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


class AgentCommands(PluginGroup):
    """Commands of agents, and those of the entry points in `<package>.agents`."""

    plugins = "agents"


app = typer.Typer(
    cls=AgentCommands, help="Agents that work with tools, within limits and under people's eyes.", no_args_is_help=True
)
app.command("run")(run)
app.command("analyse")(analyse)
app.command("train")(train)
app.command("improve")(improve)
app.command("demo")(demo)
app.command("models")(models)
app.add_typer(audit_app, name="audit")
app.add_typer(evaluate, name="evaluate")
app.add_typer(frameworks, name="frameworks")
app.add_typer(judges, name="judges")
app.add_typer(mcp, name="mcp")
app.add_typer(memory, name="memory")
app.add_typer(runs, name="runs")
app.add_typer(safety_app, name="safety")
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(team, name="team")
app.add_typer(tools, name="tools")
app.command("work")(work)


@app.callback()
def agents() -> None:
    """Agents that work with tools, within limits and under people's eyes."""
