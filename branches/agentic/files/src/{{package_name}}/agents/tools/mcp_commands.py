"""The commands `agents mcp …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption, start

app = typer.Typer(help="Tools over the Model Context Protocol.", no_args_is_help=True)


@app.callback()
def mcp() -> None:
    """Tools over the Model Context Protocol."""


@app.command("serve")
def serve_command(
    tools: Annotated[
        list[str] | None,
        typer.Option("--tool", help="Repeatable; by default all whose calls need no person's approval"),
    ] = None,
    http: Annotated[
        str,
        typer.Option("--http", metavar="HOST:PORT", help="Over HTTP, to programs that have agentic.tools.mcp_key"),
    ] = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Offer this project's tools to another program, which starts this command and speaks with it."""
    start(overrides, env)
    from .mcp_server import serve, serve_http

    if http:
        serve_http(http, tools or (), env, overrides or ())
    else:
        serve(tools or (), env, overrides or ())
