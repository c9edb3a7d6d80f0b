"""Layered, typed configuration. `conf/README.md` tells where a value can come from."""

from .errors import ConfigError
from .loader import load_config
from .models import ConfigModel
from .settings import Config, Value

__all__ = ["Config", "ConfigError", "ConfigModel", "Value", "load_config"]
