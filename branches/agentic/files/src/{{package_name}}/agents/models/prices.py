"""What models cost: the table that ships, and what the configuration says over it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from .config import Price

_MILLION = 1_000_000
_DATE = re.compile(r"-(?:latest|\d{4}-?\d{2}-?\d{2}|\d{4})$")


def price_of(model: str, own: Mapping[str, Price]) -> Price | None:
    """Give the price of a model, also of a dated version of it; None if nobody wrote it down.

    Examples
    --------
    >>> price_of("openai:gpt-4o-2024-08-06", {}) == price_of("gpt-4o", {})
    True
    """
    bare = model.rpartition(":")[2]
    for name in (model, bare, _DATE.sub("", bare)):
        price = own.get(name) or _shipped().get(name)
        if price:
            return price
    return None


def cost_of(model: str, read: int, written: int, cached: int, own: Mapping[str, Price]) -> float:
    """Give what a call cost, in US dollars; 0 for a model without a price.

    Parameters
    ----------
    read, written
        Tokens of the conversation and of the answer.
    cached
        How many of those read came from the provider's cache.
    """
    price = price_of(model, own)
    if price is None:
        return 0.0
    from_cache = price.input if price.cached is None else price.cached
    return ((read - cached) * price.input + cached * from_cache + written * price.output) / _MILLION


@cache
def _shipped() -> dict[str, Price]:
    text = files(__package__).joinpath("prices.yaml").read_text(encoding="utf-8")
    return {name: Price(**price) for name, price in yaml.safe_load(text).items()}
