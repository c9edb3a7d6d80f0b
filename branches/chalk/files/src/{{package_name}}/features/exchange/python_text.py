"""Python as it is written for other feature stores: what can be written, its names, and its literals."""

from __future__ import annotations

import ast
import json
import keyword
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from ..definitions.expressions import Expression, Literal
from ..definitions.features import Feature, OnDemand
from ..definitions.sets import FeatureSet
from ..errors import NotExpressible

_WIDTH = 121  # of a line with its end
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
# Of these a NULL among the operands does not make NULL.
_LENIENT = frozenset({"and", "or", "coalesce", "is_null", "when"})
_NULL = Expression("literal", (None,))


@dataclass(frozen=True, slots=True)
class Export:
    """A file for another feature store.

    Attributes
    ----------
    text
        Of Python.
    left_out
        Why features are not in it.
    untested
        What tests of its features ask for that is not in it: their values are held against it here only.
    """

    text: str
    left_out: Sequence[NotExpressible] = ()
    untested: Sequence[str] = ()


def expressible(
    sets: Iterable[FeatureSet], check: Callable[[FeatureSet, Feature], None], *, partial: bool
) -> tuple[list[FeatureSet], list[NotExpressible]]:
    """Choose the features that another system has means for.

    Parameters
    ----------
    check
        Raises `NotExpressible` for a feature that it has none for.
    partial
        Whether the others are left out.

    Returns
    -------
    tuple
        The sets with what is left of them, and why the others are left out.

    Raises
    ------
    NotExpressible
        If there are others and `partial` is False, or nothing else; the message names each of them.
    """
    kept: list[FeatureSet] = []
    refused: list[NotExpressible] = []
    for one in sets:
        lost: set[str] = set()
        for feature in [*one.stored, *one.in_order()]:
            try:
                _check_parts(one, feature, lost)
                check(one, feature)
            except NotExpressible as error:
                lost.add(feature.name)
                refused.append(error)
        names = [feature.name for feature in one.features if feature.name not in lost]
        if names:
            kept.append(one.select(names) if lost else one)
    if refused and not (partial and kept):
        message = "\n".join(error.message for error in refused)
        more = "; --partial leaves out what can't be written" if kept else ""
        raise NotExpressible(message, hint=f"{refused[0].hint}{more}")
    return kept, refused


def untested(sets: Iterable[FeatureSet], store: str, means: Collection[str] = ()) -> list[str]:
    """Name what tests ask for that another system has no means for.

    Parameters
    ----------
    means
        The attributes of a `Check` that it has means for.
    """
    found = []
    for one in sets:
        for name, test in one.tests.items():
            asked = [field.name for field in fields(test) if getattr(test, field.name) not in {None, ()}]
            if lost := [what for what in asked if what not in means]:
                found.append(f"the test of {one.name}.{name}: {store} has no {', '.join(lost)}")
    return found


def _check_parts(one: FeatureSet, feature: Feature, lost: Collection[str]) -> None:
    gone = sorted(feature.expression.names() & set(lost)) if isinstance(feature, OnDemand) else []
    if gone:
        message = f"{one.name}.{feature.name} is made of {one.name}.{gone[0]}, which can't be written"
        raise NotExpressible(message, hint=f"make it of other features than {gone[0]}")


def mentions(expression: Expression | None, operation: str) -> bool:
    """Tell whether an expression has a part of that operation, such as `now`."""
    if expression is None:
        return False
    parts = (one for one in expression.operands if isinstance(one, Expression))
    return expression.operation == operation or any(mentions(one, operation) for one in parts)


def folded(expression: Expression) -> Expression:
    """Compute what is the same for all rows, which Python would compute otherwise when it reads a file."""
    if expression.operation in {"literal", "ref", "request", "now"}:
        return expression
    operands = tuple(folded(one) for one in expression.operands)
    found = Expression(expression.operation, operands)
    if expression.operation not in _LENIENT and any(one.to_json() == _NULL.to_json() for one in operands):
        return _NULL
    if any(mentions(found, named) for named in ("ref", "request", "now")):
        return found
    value = found.evaluate({}, _ANY_TIME)
    # There is no literal for what is not finite: it is computed where it is used.
    return found if isinstance(value, float) and not math.isfinite(value) else Expression("literal", (value,))


def literal(value: Literal, what: str) -> str:
    r"""Write a value.

    Raises
    ------
    NotExpressible
        If Python has no literal for it.

    Examples
    --------
    >>> literal(0.5, "a default"), literal('say "so"', "a default"), literal("it's", "a default")
    ('0.5', '\'say "so"\'', '"it\'s"')
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise NotExpressible(f"{what} has the number {value}", hint="use finite numbers")
    if isinstance(value, str):
        return repr(value) if '"' in value else json.dumps(value, ensure_ascii=False)
    return repr(value).replace("e+", "e")


def span(length: timedelta) -> str:
    """Write a length of time in its largest unit.

    Examples
    --------
    >>> span(timedelta(days=30)), span(timedelta(minutes=90)), span(timedelta(microseconds=5))
    ('timedelta(days=30)', 'timedelta(minutes=90)', 'timedelta(microseconds=5)')
    """
    units = ("days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
    unit = next(unit for unit in units if length % timedelta(**{unit: 1}) == timedelta(0))
    return f"timedelta({unit}={length // timedelta(**{unit: 1})})"


def statement(start: str, expression: str, indent: str, end: str = "") -> list[str]:
    """Write `start expression end`, with the operands of calls on lines of their own where one line is too long.

    Examples
    --------
    >>> statement("x = ", "f(1, g(2))", "    ")
    ['    x = f(1, g(2))']
    """
    line = f"{indent}{start}{expression}{end}"
    if len(line) < _WIDTH:
        return [line]
    found, deeper = ast.parse(expression, mode="eval").body, f"{indent}    "

    def part(one: ast.expr) -> str:
        text = ast.get_source_segment(expression, one) or ""
        return f"({text})" if isinstance(found, ast.IfExp) and isinstance(one, ast.IfExp) else text

    if isinstance(found, ast.Call):
        operands = [line for one in found.args for line in statement("", part(one), deeper, ",")]
        return [f"{indent}{start}{part(found.func)}(", *operands, f"{indent}){end}"]
    if isinstance(found, ast.IfExp):
        lines = [part(found.body), f"if {part(found.test)}", f"else {part(found.orelse)}"]
        lines = [expression] if len(deeper + expression) < _WIDTH else lines
        return [f"{indent}{start}(", *(deeper + one for one in lines), f"{indent}){end}"]
    return [line]


def docstring(text: str, indent: str) -> list[str]:
    """Write a text that describes what follows; nothing if it is empty."""
    lines = [line.rstrip() for line in text.strip().replace("\\", "\\\\").replace('"""', r"\"\"\"").splitlines()]
    if not lines:
        return []
    end = '"""' if len(lines) == 1 else f'\n{indent}"""'
    end = f" {end}" if lines[-1].endswith('"') and len(lines) == 1 else end
    body = "\n".join([lines[0], *(indent + line if line else "" for line in lines[1:])])
    return [f'{indent}"""{body}{end}']


def imports(module: str, names: Sequence[str], text: str) -> str:
    r"""Write the import of those names that a text uses; nothing if it uses none.

    Examples
    --------
    >>> imports("datetime", ["date", "timedelta"], "timedelta(days=1)")
    'from datetime import timedelta\n'
    """
    used = [name for name in names if re.search(rf"(?<!\w){name}(?!\w)", text)]
    line = f"from {module} import {', '.join(used)}\n" if used else ""
    return (
        line if len(line) <= _WIDTH else "\n".join([f"from {module} import (", *(f"    {one}," for one in used), ")\n"])
    )


def class_name(name: str) -> str:
    """Give the name of a class.

    Examples
    --------
    >>> class_name("big_customer")
    'BigCustomer'
    """
    return "".join(part.capitalize() for part in name.split("_"))


def unused(name: str, taken: Collection[str]) -> str:
    """Give the name, with `_` behind it while it is taken, or is a word of Python's own."""
    while name in taken or keyword.iskeyword(name):
        name += "_"
    return name
