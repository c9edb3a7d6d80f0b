"""The command line. What is heavy is imported inside the commands, so that `--help` stays fast."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated

import typer

from . import __version__
from .disk import is_full
from .errors import ProjectError
from .plugins import PACKAGE, Plugin, PluginError, find_groups, find_plugins
from .plugins.commands import PluginGroup
from .runtime import EnvOption, JsonOption, SetOption, print_table, start

app = typer.Typer(cls=PluginGroup, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
config_app = typer.Typer(help="Show and check the configuration.", no_args_is_help=True)
plugins_app = typer.Typer(help="See what plugins add.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(plugins_app, name="plugins")


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PACKAGE} {__version__}")
        raise typer.Exit


@app.callback()
def root(
    env: EnvOption = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    """Run the project's commands."""
    if env:
        os.environ[f"{PACKAGE.upper()}_ENV"] = env


@config_app.command("show")
def config_show(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """Print every value and where it comes from; secrets are masked."""
    config = start(overrides, env)
    values = list(config.values())
    if as_json:
        shown = {value.key: {"value": value.value, "origin": value.origin} for value in values}
        typer.echo(json.dumps({"environment": config.environment, "values": shown}, indent=2, ensure_ascii=False))
    else:
        typer.echo(f"environment: {config.environment}", err=True)
        print_table([(value.key, _text(value.value), value.origin) for value in values])


@config_app.command("check")
def config_check(overrides: SetOption = None, env: EnvOption = None) -> None:
    """Check the configuration of one environment."""
    config = start(overrides, env)
    typer.echo(f"the configuration of {config.environment} is valid: {len(list(config.values()))} values")


@config_app.command("schema")
def config_schema() -> None:
    """Write JSON schemas to conf/schemas, by which editors complete, explain and check the files of conf."""
    from .config.loader import find_root
    from .config.schema import write_schemas

    root = find_root()
    written, skipped = write_schemas(root)
    for error in skipped:
        typer.echo(f"warning: skipped: {error}", err=True)
    for path in written:
        typer.echo(path.relative_to(root).as_posix())


@plugins_app.command("list")
def plugins_list(as_json: JsonOption = False) -> None:
    """Print each plugin, and whether it can be used."""
    plugins = [(plugin, _state(plugin)) for group in find_groups() for plugin in find_plugins(group).values()]
    if as_json:
        rows = [
            {"group": p.group, "name": p.name, "target": p.target, "distribution": p.distribution, "error": error}
            for p, error in plugins
        ]
        typer.echo(json.dumps(rows, indent=2))
    elif plugins:
        print_table([(p.group, p.name, p.target, p.distribution, error or "ok") for p, error in plugins])
    else:
        typer.echo("no plugins are installed", err=True)


def _state(plugin: Plugin) -> str | None:
    try:
        plugin.load()
    except PluginError as error:
        return error.message
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Run the command line. An error that its reader can put right ends it with 1, and without a traceback."""
    try:
        app()
    except ProjectError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        if error.filename is None and not is_full(error):  # about no file that somebody could put right
            raise
        hint = "is the path right, is there room on the disk, and may this user write there?"
        typer.echo(f"error: {error.filename or 'the output'}: {error.strerror}\nhint: {hint}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
