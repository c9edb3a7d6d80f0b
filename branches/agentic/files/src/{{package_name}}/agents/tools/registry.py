"""Finding tools: those of this project and those of other packages, through the entry points `<package>.tools`.

An entry point names a `Tool`, or a function that takes the `Config` and gives one tool or several. Those of one that
gives several begin with its name: `files` brings `files_read` and `files_write`, and may be asked for as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...config import Config
from ...config.settings import one_of
from ...errors import ProjectError
from ...plugins import Plugin, find_plugins
from ..errors import AgentError
from .spec import Tool


@dataclass(frozen=True, slots=True)
class Offer:
    """What an entry point brings here and now.

    Attributes
    ----------
    reason
        Why it brings no tool: it is switched off, not configured, or broken.
    """

    name: str
    tools: tuple[Tool, ...] = ()
    reason: str = ""


def find_tools() -> dict[str, Plugin]:
    """Find what brings tools, by name, without importing it."""
    return find_plugins("tools")


def survey_tools(config: Config) -> list[Offer]:
    """Open everything that brings tools. What can't be used says why."""
    offers: list[Offer] = []
    plugins = find_tools()
    for name, plugin in plugins.items():
        try:
            offers.append(Offer(name, tuple(_open(plugin, plugins, config))))
        except ProjectError as error:
            offers.append(Offer(name, reason=str(error)))
    return offers


def open_tools(names: Sequence[str], config: Config) -> list[Tool]:
    """Open tools by name.

    Parameters
    ----------
    names
        Of tools, or of what brings several.

    Returns
    -------
    list of Tool
        Each once, in the order of the names.

    Raises
    ------
    AgentError
        If there is no such tool, or it is switched off.
    PluginError
        If what brings it is broken.
    """
    plugins = find_tools()
    opened: dict[str, list[Tool]] = {}
    chosen: dict[str, Tool] = {}
    for name in names:
        source = _source(name, plugins)
        if source not in opened:
            opened[source] = list(_open(plugins[source], plugins, config))
        wanted = [one for one in opened[source] if name in (source, one.name)]
        if not wanted:
            known = [one.name for one in opened[source]]
            raise AgentError(f"{source} brings no tool {name!r}", hint=one_of(name, known))
        chosen |= {one.name: one for one in wanted}
    return list(chosen.values())


def _source(name: str, plugins: Mapping[str, Plugin]) -> str:
    """Name the entry point that brings a tool: the longest one that the tool's name begins with."""
    found = [source for source in plugins if name == source or name.startswith(f"{source}_")]
    if not found:
        raise AgentError(f"there is no tool {name!r}", hint=one_of(name, list(plugins)))
    return max(found, key=len)


def _open(plugin: Plugin, plugins: Mapping[str, Plugin], config: Config) -> Iterable[Tool]:
    loaded = plugin.load()
    if callable(loaded) and not isinstance(loaded, Tool):
        loaded = plugin.guard(loaded)(config)
    tools = [loaded] if isinstance(loaded, Tool) else loaded
    if not isinstance(tools, list) or not all(isinstance(one, Tool) for one in tools):
        raise plugin.error(f"it gave a {type(loaded).__name__}, not a Tool or a list of them")
    for one in tools:
        if one.name != plugin.name and not one.name.startswith(f"{plugin.name}_"):
            raise plugin.error(f"its tool {one.name!r} does not begin with {plugin.name!r}")
        owner = _source(one.name, plugins)
        if owner != plugin.name:
            raise plugin.error(f"its tool {one.name!r} has a name that belongs to {owner!r}, which is installed too")
    return tools
