"""What definitions must be like to work: refused when they are made, not when rows come."""

from __future__ import annotations

from datetime import timedelta

from ..errors import DefinitionError
from .entities import Kind, Source
from .expressions import Expression, Literal
from .features import Check
from .kinds import Kinds

_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.BOOLEAN: (bool,),
    Kind.INTEGER: (int,),
    Kind.FLOAT: (int, float),
    Kind.STRING: (str,),
    Kind.TIMESTAMP: (),
}


def check_span(where: str, what: str, span: timedelta | None) -> None:
    """Refuse a length of time that is none.

    Raises
    ------
    DefinitionError
        If it is not longer than nothing.
    """
    if span is not None and span <= timedelta(0):
        raise DefinitionError(f"{where}: {what} is {span}", hint="give a time that is longer than nothing")


def check_default(where: str, kind: Kind, default: Literal) -> None:
    """Refuse a default that is not what the feature holds.

    Raises
    ------
    DefinitionError
        If it is of another kind.
    """
    if default is None:
        return
    fits = isinstance(default, _TYPES[kind]) and (kind is Kind.BOOLEAN or not isinstance(default, bool))
    if not fits:
        hint = "leave the default out" if kind is Kind.TIMESTAMP else f"give a default that is {kind}, or none"
        raise DefinitionError(f"{where} is {kind}, which its default {default!r} is not", hint=hint)


def check_where(where: str, source: Source, condition: Expression | None) -> None:
    """Refuse a condition on rows that can't be told from a row.

    Raises
    ------
    DefinitionError
        If it names a column that is not there, needs a request, or is not true or false.
    """
    if condition is None:
        return
    for name in sorted(condition.names()):
        source[name]
    asked = sorted(condition.names("request"))
    if asked:
        hint = "compare with a column or a fixed value, and use what requests give in an on-demand feature"
        raise DefinitionError(f"{where}: rows are chosen before the request gives {asked[0]!r}", hint=hint)
    held = Kinds(where, source.columns, {}).of(condition)
    if held not in {Kind.BOOLEAN, None}:
        raise DefinitionError(f"{where}: the condition is {held}", hint="compare it with something: ref(name) > 0")


def check_test(where: str, kind: Kind, test: Check) -> None:
    """Refuse a test that no value passes, or that is none of the feature's kind.

    Raises
    ------
    DefinitionError
        If it is such.
    """
    low, high, share = test.minimum, test.maximum, test.completeness
    if (low is not None or high is not None) and not kind.is_number:
        hint = "name the values that are allowed"
        raise DefinitionError(f"{where} is {kind}, which has no minimum or maximum", hint=hint)
    if low is not None and high is not None and low > high:
        raise DefinitionError(f"{where}: the minimum {low:g} is above the maximum {high:g}", hint="swap them")
    if share is not None and not 0 <= share <= 1:
        raise DefinitionError(f"{where}: the completeness is {share:g}", hint="it is a share, from 0 to 1")
    for value in test.allowed:
        check_default(where, kind, value)
