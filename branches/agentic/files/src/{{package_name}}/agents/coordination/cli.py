"""The commands `agents team …`: groups of agents from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, start
from ..run_cli import GoalArgument, IdOption, InputOption, WatchOption, carry_out, make_task

app = typer.Typer(help="Have a group of agents decide, argue, bid or work in turn.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="YAML of a group, such as teams/release.yaml")]


@app.command("run")
def run_command(
    file: FileArgument,
    goal: GoalArgument,
    inputs: InputOption = None,
    task_id: IdOption = "",
    watch: WatchOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a group a task, and print what comes of it. Exits with 1 if it is not done or decided."""
    from ..opening import project_of
    from .group_config import GroupConfig

    project = project_of(start(overrides, env))
    group = GroupConfig.read(file).make(project)
    carry_out(project, group, make_task(goal, inputs, task_id), watch=watch, as_json=as_json)


@app.command("check")
def check_command(file: FileArgument, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Check that a group can be made, and tell who is in it."""
    from ..opening import project_of
    from .group_config import GroupConfig

    project = project_of(start(overrides, env))
    group = GroupConfig.read(file).make(project)
    typer.echo(f"{group.name}: {type(group).__name__}, {group.protocol}")
    for agent in group.agents:
        typer.echo(f"  {agent.name}: {agent.model}, {', '.join(sorted(agent.tools)) or 'no tools'}")
