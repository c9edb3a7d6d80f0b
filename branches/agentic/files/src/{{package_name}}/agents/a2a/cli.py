"""The commands `agents a2a …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, SetOption, start
from ..run_cli import Kind, ToolsOption, make_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..coordination.team import Team
    from ..starting import Worker

app = typer.Typer(help="Whole tasks over the Agent2Agent protocol.", no_args_is_help=True)


@app.callback()
def a2a() -> None:
    """Whole tasks over the Agent2Agent protocol."""


@app.command("serve")
def serve_command(
    host: Annotated[str, typer.Option("--host", help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port to listen on")] = 8010,
    url: Annotated[str, typer.Option("--url", help="Where others reach it, if a proxy stands before it")] = "",
    agent: Annotated[Kind, typer.Option("--agent", help="Who does the tasks")] = "team",
    team: Annotated[
        Path | None, typer.Option("--team", metavar="FILE", help="A group that does them, such as teams/release.yaml")
    ] = None,
    tools: ToolsOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Take tasks from agents of other services, which send a key of the API as X-API-Key."""
    config = start(overrides, env)
    from ..coordination.group_config import GroupConfig
    from ..errors import AgentError
    from ..opening import project_of

    try:
        from .server import serve
    except ImportError as error:
        raise AgentError("a server of Agent2Agent needs the extra a2a", hint="uv sync --extra a2a") from error
    project = project_of(config)
    make: Callable[[], Worker | Team] = (
        partial(GroupConfig.read(team).make, project)
        if team
        else partial(make_worker, project, agent, tools, None, None, None)
    )
    serve(config, make, host, port, url)
