"""The commands `agents team …`: groups of agents from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ...runtime import EnvOption, JsonOption, SetOption, start
from ..run_cli import InputOption, checked_goal, parse_input, print_result, watching

app = typer.Typer(help="Have a group of agents decide, argue, bid or work in turn.", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="YAML of a group, such as teams/release.yaml")]


@app.command("run")
def run_command(
    file: FileArgument,
    goal: Annotated[str, typer.Argument(help="What is wanted, in words")],
    inputs: InputOption = None,
    task_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="Under which the run is kept; goes on if begun")
    ] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Show each step as it happens")] = False,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a group a task, and print what comes of it. Exits with 1 if it is not done or decided."""
    from ..durability.running import execute
    from ..opening import project_of
    from ..tasks import TaskSpec
    from .group_config import GroupConfig

    project = project_of(start(overrides, env))
    group = GroupConfig.read(file).make(project)
    known: dict[str, Any] = {"task_id": task_id} if task_id else {}
    task = TaskSpec(goal=checked_goal(goal), inputs=dict(map(parse_input, inputs or [])), **known)
    with watching(project, task, watch=watch) as (listeners, ask):
        result = execute(group, task, listeners=listeners, ask=ask)
    print_result(result, as_json=as_json)
    raise typer.Exit(0 if result.status == "done" else 1)


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
