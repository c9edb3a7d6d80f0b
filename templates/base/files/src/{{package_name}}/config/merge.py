"""Merging the layers into one validated object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ..plugins import PACKAGE
from .errors import ConfigError, Problem
from .keys import Key, Models, dotted, is_secret
from .resolve import unknown_key
from .settings import masked
from .sources import Entry

_LONGEST_SHOWN = 60


class _LayerSource(PydanticBaseSettingsSource):
    """A layer in the shape of pydantic-settings."""

    def __init__(self, settings: type[BaseSettings], layer: Sequence[Entry]) -> None:
        super().__init__(settings)
        self._values: dict[str, Any] = {}
        for entry in layer:
            place = self._values
            for part in entry.key[:-1]:
                if not isinstance(place.get(part), dict):
                    place[part] = {}
                place = place[part]
            place[entry.key[-1]] = entry.value

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


def merge(models: Models, layers: Sequence[Sequence[Entry]]) -> tuple[BaseSettings, dict[Key, str]]:
    """Merge layers, the later ones winning, and validate the result.

    Returns
    -------
    settings : BaseSettings
        One field for each group.
    origins : dict of key to str
        Where each value that some layer sets comes from.

    Raises
    ------
    ConfigError
        With every value that a model refuses.
    """

    class Layered(BaseSettings):
        model_config = SettingsConfigDict(extra="forbid", frozen=True, protected_namespaces=())

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(_LayerSource(settings_cls, layer) for layer in reversed(layers))  # its first source wins

    origins = {entry.key: entry.origin for layer in layers for entry in layer}
    fields: dict[str, Any] = {name: (models[name], Field({}, validate_default=True)) for name in sorted(models)}
    try:
        return create_model("Settings", __base__=Layered, **fields)(), origins
    except ValidationError as error:
        raise ConfigError([_problem(models, origins, dict(fault)) for fault in error.errors()]) from None


def _problem(models: Models, origins: Mapping[Key, str], fault: Mapping[str, Any]) -> Problem:
    """Translate a fault of pydantic, without the value of a secret."""
    key = tuple(str(part) for part in fault["loc"])
    given = next((key[:size] for size in range(len(key), 0, -1) if key[:size] in origins), key)
    where = origins.get(given, f"conf/{key[0]}.yaml")
    if fault["type"] == "missing":
        variable = "__".join((PACKAGE, *key)).upper()
        return Problem(where, dotted(key), "a value is required", f"set it there, or with {variable}")
    if fault["type"] == "extra_forbidden":
        return unknown_key(models, Entry(key, None, where))
    value, message = fault["input"], str(fault["msg"]).removeprefix("Value error, ")
    if isinstance(value, (str, int, float)) and not is_secret(models, given):
        shown = repr(masked(models, given, value))
        message += f", not {shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + '…'}"
    return Problem(where, dotted(key), message)
