"""The templates of this package: every text in them is escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ..plugins import PACKAGE
from ..reports.theme import DARK, LIGHT, variables

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: object) -> str:
    """Fill in a template, which knows the name of the package and the colours too."""
    found = _environment().get_template(template)
    return found.render(package=PACKAGE, light=variables(LIGHT), dark=variables(DARK), **values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(loader=PackageLoader(__name__.rpartition(".")[0]), autoescape=True, undefined=StrictUndefined)
    found.trim_blocks = found.lstrip_blocks = True
    return found
