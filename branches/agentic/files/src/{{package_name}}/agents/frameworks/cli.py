"""The commands `agents frameworks …`."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption, start

app = typer.Typer(help="What can lead agents, hold models to a schema, or measure them.", no_args_is_help=True)


@app.command("list")
def list_frameworks(overrides: SetOption = None, env: EnvOption = None) -> None:
    """List the frameworks: which is installed, and how it runs."""
    from ..opening import project_of
    from .catalogue import PACKAGES, find_installed
    from .config import LANGGRAPH

    project = project_of(start(overrides, env))
    for framework in PACKAGES:
        installed = find_installed(project, framework)
        marked = "*" if framework.name == project.agentic.agents.framework else " "
        if installed is None:
            extra = f" or `uv sync --extra {framework.extra}`" if framework.extra else ""
            state = f"not installed: `agents frameworks install {framework.name}`{extra}"
        elif framework.name == LANGGRAPH:
            state = f"{installed.version}, here"
        else:
            where = "an environment" if installed.own else "a process"
            state = f"{installed.version}, in {where} of its own"
        typer.echo(f"{marked} {framework.name:<16} {framework.title}: {state}")


@app.command("install")
def install_framework(
    name: Annotated[str, typer.Argument(help="Such as crewai")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Install a framework in an environment of its own, from the package index that pip or uv is set to."""
    from ..opening import project_of
    from .catalogue import package_named
    from .installing import install

    project = project_of(start(overrides, env))
    installed = install(project, package_named(name))
    typer.echo(f"{name} {installed.version} is installed")
