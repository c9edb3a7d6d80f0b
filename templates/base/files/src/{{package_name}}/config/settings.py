"""The validated configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, overload

from pydantic import BaseModel

from ..plugins import PluginError
from .errors import ConfigError
from .keys import Key, Models, dotted, is_secret

MASK = "********"

Model = TypeVar("Model", bound=BaseModel)
_URL_PASSWORD = re.compile(r"(?<=://)([^/:@\s]*):[^/@\s]+(?=@)")


@dataclass(frozen=True, slots=True)
class Value:
    """One value as people see it: a secret is masked."""

    key: str
    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class Config:
    """A validated configuration.

    Attributes
    ----------
    environment
        `development`, `staging`, `production`, or another file of `conf/environments`.
    root
        The project's folder.
    overrides
        What the command line said of it, so that another process can be told the same.
    """

    environment: str
    root: Path
    _settings: BaseModel
    _models: Models
    _broken: Mapping[str, PluginError]
    _origins: Mapping[Key, str]
    overrides: tuple[str, ...] = ()

    @overload
    def group(self, name: str) -> Any: ...
    @overload
    def group(self, name: str, model: type[Model]) -> Model: ...
    def group(self, name: str, model: type[Model] | None = None) -> Any:
        """Get a group's validated model.

        Parameters
        ----------
        name
            The group.
        model
            The type that it must have. Type checkers then know it.

        Raises
        ------
        PluginError
            If the plugin that brings the group is broken.
        ConfigError
            If there is no such group, or it has another type.
        """
        if name in self._broken:
            raise self._broken[name]
        if name not in self._models:
            raise ConfigError.of(name, "there is no such configuration group", hint=one_of(name, self._models))
        group = getattr(self._settings, name)
        if model is not None and not isinstance(group, model):
            raise ConfigError.of(name, f"the group is a {type(group).__name__}, not a {model.__name__}")
        return group

    def values(self) -> Iterator[Value]:
        """Give every value with its origin, group by group, secrets masked."""
        for key, value in _flatten((), self._settings.model_dump(mode="json")):
            yield Value(dotted(key), masked(self._models, key, value), self._origin(key))

    def _origin(self, key: Key) -> str:
        for size in range(len(key), 0, -1):
            if key[:size] in self._origins:
                return self._origins[key[:size]]
        return "default"


def one_of(name: str, known: Sequence[str] | set[str] | Models) -> str:
    """Hint at the right name, or list all."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known)) or 'none'}"


def _flatten(key: Key, value: object) -> Iterator[tuple[Key, object]]:
    if isinstance(value, dict) and (value or not key):
        for name, inner in value.items():
            yield from _flatten((*key, str(name)), inner)
    else:
        yield key, value


def masked(models: Models, key: Key, value: Any) -> Any:
    """Hide a secret, and the password of a URL."""
    if value in (None, ""):
        return value
    if is_secret(models, key):
        return MASK
    if isinstance(value, list):
        return [masked(models, key, item) for item in value]
    return _URL_PASSWORD.sub(rf"\1:{MASK}", value) if isinstance(value, str) else value
