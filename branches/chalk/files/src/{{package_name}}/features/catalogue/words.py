"""Definitions in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ..definitions.expressions import Expression
from ..definitions.features import Feature, Latest, OnDemand, Session, Window
from ..validation_rules import Rule

_SIGNS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "less": "<",
    "less_or_equal": "≤",
    "equal": "=",
    "and": "and",
    "or": "or",
}
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def made_of(one: Feature) -> str:
    """Say how a feature follows from rows, or from other features.

    Examples
    --------
    >>> from ..definitions import Kind, OnDemand, ref
    >>> made_of(OnDemand("mean", ref("spend") / (ref("orders") + 1)))
    'spend / (orders + 1)'
    """
    if isinstance(one, OnDemand):
        return written(one.expression)
    if isinstance(one, Latest):
        return f"newest {one.column.name} of {one.source.name}"
    what = f"{one.aggregate.replace('_', ' ')} of {one.column}" if one.column else f"number of {one.source.name}"
    where = f" where {written(one.where)}" if one.where is not None else ""
    return f"{what}{where}, {_reach(one)}"


def _reach(one: Window | Session) -> str:
    if isinstance(one, Session):
        return f"since the last pause of more than {span(one.gap)}"
    return f"last {span(one.over)}"


def written(one: Expression) -> str:
    """Write an expression as people do."""
    return _written(one, inside=False)


def _written(one: Expression, *, inside: bool) -> str:
    match one.operation:
        case "literal":
            return _value(one.operands[0])
        case "ref":
            return str(one.operands[0])
        case "request":
            return f"request.{one.operands[0]}"
        case "now":
            return "now"
    if one.operation not in _SIGNS:
        return f"{one.operation}({', '.join(_written(part, inside=False) for part in one.operands)})"
    sign = f" {_SIGNS[one.operation]} "
    text = sign.join(_written(part, inside=True) for part in one.operands)
    return f"({text})" if inside else text


def _value(value: Any) -> str:
    return "NULL" if value is None else repr(value) if isinstance(value, str) else str(value)


def span(length: timedelta) -> str:
    """Write a length of time in the greatest unit that fits.

    Examples
    --------
    >>> span(timedelta(days=30)), span(timedelta(minutes=90)), span(timedelta(hours=1))
    ('30 days', '90 minutes', '1 hour')
    """
    seconds = length.total_seconds()
    size, unit = next((one for one in _UNITS if seconds % one[0] == 0), (1, "second"))
    return f"{seconds / size:g} {unit}{'' if seconds == size else 's'}"


def tests(rule: Rule) -> Iterator[str]:
    """Say what is checked of the values of a feature."""
    yield f"{rule.completeness:.4g} of values are there"
    if rule.minimum is not None:
        yield f"at least {rule.minimum:g}"
    if rule.maximum is not None:
        yield f"at most {rule.maximum:g}"
    if rule.allowed:
        yield f"one of {', '.join(map(str, rule.allowed))}"
