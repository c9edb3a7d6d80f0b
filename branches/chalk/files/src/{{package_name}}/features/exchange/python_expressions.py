"""Expressions as functions of Python that stand alone, with the NULLs of `Expression.evaluate`.

Other feature stores keep the text of a function, or run it where nothing of this package is: what it needs is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..definitions.entities import Kind
from ..definitions.expressions import Expression
from ..definitions.sets import FeatureSet
from ..errors import NotExpressible
from .python_text import folded, literal, statement

_STRICT = {
    "absolute": "abs",
    "add": "operator.add",
    "divide": "operator.truediv",
    "equal": "operator.eq",
    "floor": "math.floor",
    "less": "operator.lt",
    "less_or_equal": "operator.le",
    "logarithm": "math.log",
    "multiply": "operator.mul",
    "not": "operator.not_",
    "seconds": 'operator.methodcaller("total_seconds")',
    "subtract": "operator.sub",
}
_LENIENT = {"and": "both", "coalesce": "first", "is_null": "is_null", "or": "either", "when": "choose"}
_HELPERS = {
    "strict": """
def strict(function, *operands):
    if any(one is None for one in operands):
        return None
    try:
        return function(*operands)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
""",
    "both": """
def both(left, right):
    if left is False or right is False:
        return False
    return None if left is None or right is None else True
""",
    "either": """
def either(left, right):
    if left is True or right is True:
        return True
    return None if left is None or right is None else False
""",
    "first": """
def first(*operands):
    return next((one for one in operands if one is not None), None)
""",
    "is_null": """
def is_null(operand):
    return operand is None
""",
    "choose": """
def choose(condition, then, otherwise):
    return then if condition is True else otherwise
""",
    "as_float": """
def as_float(value):
    try:
        return float(value) if value is not None and math.isfinite(value) else None
    except OverflowError:
        return None
""",
    "as_integer": """
def as_integer(value):
    return int(value) if value is not None and -(2**63) <= value < 2**63 else None
""",
    "exact": """
def exact(value):
    if isinstance(value, float) and abs(value) >= 2**53:
        raise ValueError("pandas made a float of a whole number, which may have lost digits: ask apart from NULLs")
    return int(value)
""",
    "as_boolean": """
def as_boolean(value):
    return None if value is None or value != value else bool(value)
""",
    "as_text": """
def as_text(value):
    return None if value is None or value != value else value
""",
    "as_time": """
def as_time(value):
    if value is None or value != value:
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=datetime.timezone.utc)
""",
    "newest": """
def newest(value, at, ttl, now, default):
    if at is None or (ttl is not None and (now - at).total_seconds() > ttl):
        return default
    return value
""",
}
_READ = {
    Kind.BOOLEAN: "as_boolean",
    Kind.INTEGER: "as_integer",
    Kind.FLOAT: "as_float",
    Kind.STRING: "as_text",
    Kind.TIMESTAMP: "as_time",
}
_HELD = {Kind.FLOAT: "as_float", Kind.INTEGER: "as_integer"}


def to_python(expression: Expression, feature: str, name: Callable[[str], str], now: str = "") -> str:
    """Write an expression, of the helpers of `helpers`.

    Parameters
    ----------
    feature
        What it is of, for errors.
    name
        Gives the text of what a column, a feature or a value of the request is.
    now
        The text of the time of the question; empty if the function is not told.

    Raises
    ------
    NotExpressible
        If it has the time of the question, and the function is not told.
    """

    def of(one: Expression) -> str:
        match one.operation:
            case "literal":
                return literal(one.operands[0], feature)
            case "ref" | "request":
                return name(one.operands[0])
            case "now" if now:
                return now
            case "now":
                hint = "make it of a time that the request gives, among the inputs of the set"
                raise NotExpressible(f"{feature}: functions are not told the time of the question", hint=hint)
        given = ", ".join(of(operand) for operand in one.operands)
        called = _LENIENT.get(one.operation)
        text = f"{called}({given})" if called else f"strict({_STRICT[one.operation]}, {given})"
        return f"as_integer({text})" if one.operation == "floor" else text

    return of(folded(expression))


def held(text: str, kind: Kind) -> str:
    """Write a result as its kind holds it; what is too large is NULL."""
    needed = kind in _HELD and not text.startswith(f"{_HELD[kind]}(")
    return f"{_HELD[kind]}({text})" if needed else text


def helpers(text: str, indent: str) -> list[str]:
    """Give the lines of the helpers that a text uses."""
    lines: list[str] = []
    for name, helper in _HELPERS.items():
        if f"{name}(" in text:
            lines += [f"{indent}{line}" if line else "" for line in helper.strip().splitlines()] + [""]
    return lines


def read(text: str, kind: Kind) -> str:
    """Write how a value is read, of which pandas may have made another one: a float for an integer, NaN for NULL."""
    return f"{_READ[kind]}({text})"


def on_demand_lines(one: FeatureSet, indent: str, now: str = "") -> list[str]:
    """Write what makes the on-demand features of a set, of and into `row`, which has the others by their name."""
    lines: list[str] = []
    for feature in one.in_order():
        made = to_python(feature.expression, f"{one.name}.{feature.name}", _of_row, now)
        lines += statement(f'row["{feature.name}"] = ', held(made, one.kinds[feature.name]), indent)
    return lines


def on_demand_inputs(one: FeatureSet) -> tuple[Sequence[str], Sequence[str]]:
    """Name the stored features, and the values of requests, that on-demand features are made of."""
    stored = {feature.name for feature in one.stored}
    expressions = [feature.expression for feature in one.in_order()]
    used = {name for expression in expressions for name in expression.names() if name in stored}
    return sorted(used), sorted({name for expression in expressions for name in expression.names("request")})


def _of_row(name: str) -> str:
    return f'row["{name}"]'
