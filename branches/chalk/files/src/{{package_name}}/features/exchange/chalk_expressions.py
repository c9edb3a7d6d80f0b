"""Chalk's expressions over `_`, in the words of the definitions here.

Chalk writes an expression as Python; it is read from that text, which is the public form of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..definitions.expressions import Expression, absolute, coalesce, floor, is_null, logarithm, now, ref, seconds, when
from ..definitions.features import Aggregate
from ..errors import NotExpressible

_NOW, _WINDOW = "chalk_now", "chalk_window"
# Chalk writes the window of a feature without quotes: `_.spend[30d]`.
_SPAN = re.compile(r"\[(\d\w*)\]")
_AGGREGATES = {
    "count": Aggregate.ROWS,
    "sum": Aggregate.SUM,
    "mean": Aggregate.MEAN,
    "min": Aggregate.MIN,
    "max": Aggregate.MAX,
}
_BINARY: dict[type[ast.AST], Callable[[Expression, Expression], Expression]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.BitAnd: lambda left, right: left & right,
    ast.BitOr: lambda left, right: left | right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
    ast.Eq: lambda left, right: left.equals(right),
    ast.NotEq: lambda left, right: ~left.equals(right),
}
_FUNCTIONS: dict[str, tuple[int | None, Callable[..., Expression]]] = {
    "abs": (1, absolute),
    "coalesce": (None, coalesce),
    "floor": (1, floor),
    "if_else": (3, when),
    "is_null": (1, is_null),
    "ln": (1, logarithm),
    "negate": (1, lambda operand: 0 - operand),
    "total_seconds": (1, seconds),
}


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What Chalk makes of many rows.

    Attributes
    ----------
    path
        From the feature's class to the rows: `("user", "purchases")`.
    windowed
        Whether only the rows of the window count.
    """

    path: tuple[str, ...]
    aggregate: Aggregate
    column: str | None
    where: Expression | None
    windowed: bool


def parse(written: object, feature: str) -> ast.expr:
    """Read an expression of Chalk's.

    Raises
    ------
    NotExpressible
        If its text is not Python.
    """
    try:
        return ast.parse(_SPAN.sub(r"['\1']", str(written)), mode="eval").body
    except SyntaxError as error:
        raise _refuse(feature, str(written)) from error


def is_aggregation(node: ast.expr) -> bool:
    """Tell whether it is made of many rows: `_.purchases[…].sum()`; a function is written `_.floor(…)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not _is_root(node.func.value)


def aggregation(node: ast.expr, feature: str, time: Callable[[tuple[str, ...]], str]) -> Aggregation:
    """Read `_.purchases[_.amount, _.at > _.chalk_window].sum()`.

    Parameters
    ----------
    time
        Gives the name of the time of the rows at the end of a path.

    Raises
    ------
    NotExpressible
        If there is no such aggregate here, or its rows are chosen in a way that windows here can't.
    """
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.args or node.keywords:
        raise _refuse(feature, ast.unparse(node))
    aggregate = _AGGREGATES.get(node.func.attr)
    if aggregate is None:
        raise _refuse(feature, f"the aggregate {node.func.attr}()")
    rows, chosen = node.func.value, list[ast.expr]()
    if isinstance(rows, ast.Subscript):
        chosen = list(rows.slice.elts) if isinstance(rows.slice, ast.Tuple) else [rows.slice]
        rows = rows.value
    path = _path(rows, feature)
    columns = [_path(one, feature) for one in chosen if isinstance(one, ast.Attribute)]
    if len(columns) > 1 or any(len(column) != 1 for column in columns):
        raise _refuse(feature, f"{node.func.attr}() of {', '.join('.'.join(column) for column in columns)}")
    if columns and aggregate is Aggregate.ROWS:
        raise _refuse(feature, f"count() of the column {columns[0][0]}", "count rows: leave the column out")
    where, windowed = _conditions([one for one in chosen if not isinstance(one, ast.Attribute)], time(path), feature)
    return Aggregation(path, aggregate, columns[0][0] if columns else None, where, windowed)


def to_expression(node: ast.expr, feature: str, name: Callable[[str, str | None], str]) -> Expression:
    """Read what is computed of the values of one row.

    Parameters
    ----------
    name
        Gives the name here of a feature, and of its window where it has one.

    Raises
    ------
    NotExpressible
        If an operation of it does not exist here.
    """

    def of(one: ast.expr) -> Expression:
        found: Expression | None = None
        match one:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                found = Expression("literal", (value,))
            case ast.Attribute(value=ast.Name(id="_"), attr=attribute):
                found = now() if attribute == _NOW else ref(name(attribute, None))
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id="_"), attr=attribute), slice=ast.Constant(str(w))):
                found = ref(name(attribute, w))
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _BINARY:
                found = _BINARY[type(operation)](of(left), of(right))
            case ast.Compare(left=left, ops=[operation], comparators=[right]) if type(operation) in _BINARY:
                found = _compare(operation, of(left), of(right))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                found = ~of(operand)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                found = Expression("literal", (-value,))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                found = 0 - of(operand)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="_"), attr=called), args=given, keywords=[]):
                found = _call(called, [of(operand) for operand in given])
        if found is None:
            raise _refuse(feature, ast.unparse(one))
        return found

    return of(node)


def _call(called: str, given: list[Expression]) -> Expression | None:
    many, make = _FUNCTIONS.get(called, (-1, coalesce))
    return make(*given) if many in {None, len(given)} else None


def _compare(operation: ast.cmpop, left: Expression, right: Expression) -> Expression:
    none = Expression("literal", (None,))
    if isinstance(operation, ast.Eq | ast.NotEq) and right.to_json() == none.to_json():
        found = is_null(left)
        return found if isinstance(operation, ast.Eq) else ~found
    return _BINARY[type(operation)](left, right)


def _conditions(given: list[ast.expr], time: str, feature: str) -> tuple[Expression | None, bool]:
    """Tell the window from the other conditions."""
    where, windowed = None, False
    for one in given:
        text = ast.unparse(one)
        if text in {f"_.{time} > _.{_WINDOW}", f"_.{_WINDOW} < _.{time}"}:
            windowed = True
        elif _WINDOW in text:
            hint = f"write _.{time} > _.{_WINDOW}: windows are open on the left, and of event time"
            raise _refuse(feature, f"the window {text}", hint)
        elif text not in {f"_.{time} <= _.{_NOW}", f"_.{_NOW} >= _.{time}"}:  # so it is always here
            found = to_expression(one, feature, lambda column, window: column)
            if ast.unparse(one).count(f"_.{_NOW}"):
                raise _refuse(feature, f"the condition {text} on the rows")
            where = found if where is None else where & found
    return where, windowed


def _path(node: ast.expr, feature: str) -> tuple[str, ...]:
    parts: list[str] = []
    one = node
    while isinstance(one, ast.Attribute):
        parts.insert(0, one.attr)
        one = one.value
    if not parts or not _is_root(one):
        raise _refuse(feature, ast.unparse(node))
    return tuple(parts)


def _is_root(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "_"


def _refuse(feature: str, means: str, hint: str | None = None) -> NotExpressible:
    return NotExpressible(f"{feature}: there is no {means} here", hint=hint or "define it here, in Python")
