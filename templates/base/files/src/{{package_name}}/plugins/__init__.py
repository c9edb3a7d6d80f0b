"""What other packages, and this one, add through entry points.

The groups are named after the package: `<package>.commands` holds typer apps that become sub-commands,
`<package>.config` holds pydantic models that become configuration groups, `<package>.readers` holds functions that read
data, `<package>.transformers` holds scikit-learn transformers that make features, `<package>.algorithms` holds the
`Algorithm`s that models are trained with, `<package>.metrics` holds the `Metric`s that they are judged by,
`<package>.alerts` holds functions that take the configuration and give a function that sends an `Alert`,
`<package>.routers` holds routers of the REST service, or functions that make one of the configuration,
`<package>.pages` holds the `Page`s that are shown in a browser, and `<package>.reproducers` holds functions that take
the configuration and a run, do the run again and give a `Reproduction`, by the kind of the runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, wraps
from importlib import metadata
from importlib.metadata import EntryPoint, EntryPoints
from typing import ParamSpec, TypeVar

from ..errors import ProjectError

PACKAGE = __name__.partition(".")[0]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class PluginError(ProjectError):
    """A plugin that could not be loaded, or is not what its group asks for."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point that was found and not loaded yet."""

    group: str
    name: str
    target: str
    distribution: str
    entry_point: EntryPoint

    def load(self) -> object:
        """Import the object that the entry point names.

        Raises
        ------
        PluginError
            If the import fails, for whatever reason: a plugin must not take the project down with it.
        """
        try:
            return self.entry_point.load()
        except (Exception, SystemExit) as error:
            reason = f"{type(error).__name__}: {error}"
            raise self.error(reason) from error

    def guard(self, function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        """Make whatever goes wrong in a function of the plugin an error that names the plugin.

        Errors that the plugin means for people, `ProjectError` and those below it, stay what they are.
        """

        @wraps(function)
        def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            try:
                return function(*args, **kwargs)
            except ProjectError:
                raise
            except (Exception, SystemExit) as error:
                reason = f"{type(error).__name__}: {error}"
                raise self.error(reason) from error

        return guarded

    def error(self, reason: str) -> PluginError:
        """Say that this plugin is unusable, and why."""
        return PluginError(
            f"the {self.group} plugin {self.name!r} ({self.target}) of {self.distribution} can't be used: {reason}",
            hint=f"repair or uninstall {self.distribution}, or install what it misses",
        )


def entry_points() -> EntryPoints:
    """Give what all distributions on the path of modules tell of themselves."""
    return _read(tuple(sys.path))


@lru_cache(maxsize=1)
def _read(_path: tuple[str, ...]) -> EntryPoints:
    """Read it once for a path: there are hundreds of distributions, and a process asks again and again."""
    found = metadata.entry_points()
    return EntryPoints(point for group in found.groups for point in found.select(group=group))


def find_groups() -> list[str]:
    """Name the groups in which there are plugins, those that only a branch or another package knows too."""
    prefix = f"{PACKAGE}."
    return sorted(group.removeprefix(prefix) for group in entry_points().groups if group.startswith(prefix))


def find_plugins(group: str) -> dict[str, Plugin]:
    """Find the plugins of a group without importing any of them.

    Parameters
    ----------
    group
        Its name without the package in front.

    Returns
    -------
    dict of str to Plugin
        By name, in alphabetical order. Where two distributions give one name, this project's own comes first.
    """
    found: dict[str, Plugin] = {}
    for plugin in sorted(_all(group), key=lambda p: (p.name, not p.target.startswith(f"{PACKAGE}."), p.distribution)):
        found.setdefault(plugin.name, plugin)
    return found


def _all(group: str) -> Iterator[Plugin]:
    names: dict[int, str] = {}  # to ask a distribution for its name is to read all that it tells of itself
    for entry in entry_points().select(group=f"{PACKAGE}.{group}"):
        if id(entry.dist) not in names:
            names[id(entry.dist)] = entry.dist.name if entry.dist else "an unknown distribution"
        yield Plugin(group, entry.name, entry.value, names[id(entry.dist)], entry)
