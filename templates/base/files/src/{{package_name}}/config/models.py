"""The models of configuration groups: this package's own, and those that plugins bring."""

from __future__ import annotations

import logging
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..plugins import PluginError, find_plugins

_log = logging.getLogger(__name__)


class ConfigModel(BaseModel):
    """A group or section of the configuration: immutable, and closed to keys that it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class LoggingConfig(ConfigModel):
    """How much is logged, and in which form."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="The least level that is logged")
    format: Literal["console", "json"] = Field("console", description="For people, or one JSON object a line")


BUILT_IN: dict[str, type[BaseModel]] = {"logging": LoggingConfig}


def find_models() -> tuple[dict[str, type[BaseModel]], dict[str, PluginError]]:
    """Find the model of every group.

    Returns
    -------
    models : dict of str to type
        The models by the name of their group.
    broken : dict of str to PluginError
        Why a group's plugin could not be used. Each is logged, and its group left out.
    """
    models = dict(BUILT_IN)
    broken: dict[str, PluginError] = {}
    for name, plugin in find_plugins("config").items():
        try:
            model = plugin.load()
            if name in BUILT_IN or not name.isidentifier():
                raise plugin.error("its name is taken" if name in BUILT_IN else "its name is no Python identifier")
            if not (isinstance(model, type) and issubclass(model, BaseModel)):
                raise plugin.error("it is no pydantic model")
        except PluginError as error:
            _log.warning("skipped: %s", error.message)
            broken[name] = error
        else:
            models[name] = model
    return models, broken
