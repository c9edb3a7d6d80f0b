"""Packages that only some features need."""

from importlib import import_module
from typing import Any

from .errors import FeatureError


def bring(module: str, extra: str, what: str) -> Any:
    """Import a module of an extra.

    Raises
    ------
    FeatureError
        If it is not installed; the message says what needs it, and the hint names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        hint = f"install the extra that brings it: `uv sync --extra {extra}`"
        raise FeatureError(f"{what} need the package {module}", hint=hint) from error
