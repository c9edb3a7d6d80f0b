"""Expressions as Chalk has them, over `_`: what `chalk_expressions` reads, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from ..definitions.expressions import Expression
from ..errors import NotExpressible
from .python_text import folded, literal

_BINARY = {
    "add": "+",
    "and": "&",
    "divide": "/",
    "equal": "==",
    "less": "<",
    "less_or_equal": "<=",
    "multiply": "*",
    "or": "|",
    "subtract": "-",
}
_FUNCTIONS = {
    "absolute": "abs",
    "coalesce": "coalesce",
    "floor": "floor",
    "is_null": "is_null",
    "logarithm": "ln",
    "seconds": "total_seconds",
    "when": "if_then_else",
}


def to_text(expression: Expression, feature: str, name: Callable[[str], str]) -> str:
    """Write an expression.

    Parameters
    ----------
    feature
        What it is of, for errors.
    name
        Gives the text of what a name refers to, such as `_.amount`.

    Raises
    ------
    NotExpressible
        If Chalk has no means for it, or it is the same for all rows: Chalk has expressions of something only.
    """
    written = folded(expression)
    if written.operation == "literal":
        hint = "leave it out, or make it of a column or a feature"
        raise NotExpressible(f"{feature} is always {written.operands[0]!r}, which is no expression in Chalk", hint=hint)

    def of(one: Expression) -> str:
        match one.operation:
            case "literal":
                return literal(one.operands[0], feature)
            case "ref":
                return name(one.operands[0])
            case "now":
                return "_.chalk_now"
            case "request":
                message = f"{feature} needs {one.operands[0]!r} of a request, which Chalk has not"
                raise NotExpressible(message, hint="pass it to the model beside the features")
            case "not":
                return f"~{inner(one.operands[0])}"
        if one.operation in _BINARY:
            left, right = one.operands
            sign = _BINARY[one.operation]
            if sign.startswith("<") and left.operation == "literal":
                left, right, sign = right, left, sign.replace("<", ">")
            return f"{inner(left)} {sign} {inner(right)}"
        return f"functions.{_FUNCTIONS[one.operation]}({', '.join(of(operand) for operand in one.operands)})"

    def inner(one: Expression) -> str:
        return f"({of(one)})" if one.operation in _BINARY else of(one)

    return of(written)
