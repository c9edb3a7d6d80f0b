"""Sub-commands that plugins bring, imported when they are asked for."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from . import Plugin, PluginError, find_plugins


class PluginGroup(TyperGroup):
    """A group of commands that takes more of them from the entry points in `<package>.commands`.

    Running one command imports its own plugin and no other. `--help` imports all of them for their help, so
    a plugin's module of commands imports what is heavy inside its functions.

    Attributes
    ----------
    plugins
        The group of entry points, for a class below this one that has its own.
    """

    plugins = "commands"

    def list_commands(self, ctx: Any) -> list[str]:
        """List the group's own commands, then those of plugins."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in find_plugins(self.plugins) if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Get a command. One whose plugin is broken is reported, and then missing."""
        own = super().get_command(ctx, cmd_name)
        plugin = find_plugins(self.plugins).get(cmd_name)
        if own is not None or plugin is None:
            return own
        try:
            return _load(plugin)
        except PluginError as error:
            typer.echo(f"warning: {error}", err=True)
            return None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command to run. Here a broken plugin is an error, since it is the one that was asked for."""
        plugin = find_plugins(self.plugins).get(args[0])
        if plugin is not None and super().get_command(ctx, args[0]) is None:
            return args[0], _load(plugin), args[1:]
        return super().resolve_command(ctx, args)


def _command(plugin: Plugin, app: object) -> Any:
    """Make a group of commands of a typer app, and one command of a function."""
    if isinstance(app, typer.Typer):
        return get_group(app)
    if not isinstance(app, FunctionType):
        raise plugin.error(f"it is a {type(app).__name__}, not a typer app")
    alone = typer.Typer(add_completion=False)
    alone.command()(app)
    return get_command(alone)


def _load(plugin: Plugin) -> Any:
    command = _command(plugin, plugin.load())
    command.name = plugin.name
    return command
