"""Expressions over named values: written once in Python, computed for one row here, and for tables by each engine.

NULL spreads as in SQL: what is made of a NULL is NULL, and so is a division by zero and the logarithm of what has none.
`and`, `or` follow SQL's three values.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from ..errors import DefinitionError

Literal: TypeAlias = bool | int | float | str | None
Value: TypeAlias = Literal | datetime | timedelta
Operand: TypeAlias = "Expression | Literal"

NOW = "now()"


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A node: an operation and its operands.

    Attributes
    ----------
    operation
        `literal`, `ref` (a column or feature), `request` (given by who asks), `now` (the time of the question),
        or one of `OPERATIONS`.
    operands
        Expressions; the value or the name for the first four.
    """

    operation: str
    operands: tuple[Any, ...]

    def __add__(self, other: Operand) -> Expression:
        return _of("add", self, other)

    def __radd__(self, other: Operand) -> Expression:
        return _of("add", other, self)

    def __sub__(self, other: Operand) -> Expression:
        return _of("subtract", self, other)

    def __rsub__(self, other: Operand) -> Expression:
        return _of("subtract", other, self)

    def __mul__(self, other: Operand) -> Expression:
        return _of("multiply", self, other)

    def __rmul__(self, other: Operand) -> Expression:
        return _of("multiply", other, self)

    def __truediv__(self, other: Operand) -> Expression:
        return _of("divide", self, other)

    def __rtruediv__(self, other: Operand) -> Expression:
        return _of("divide", other, self)

    def __lt__(self, other: Operand) -> Expression:
        return _of("less", self, other)

    def __le__(self, other: Operand) -> Expression:
        return _of("less_or_equal", self, other)

    def __gt__(self, other: Operand) -> Expression:
        return _of("less", other, self)

    def __ge__(self, other: Operand) -> Expression:
        return _of("less_or_equal", other, self)

    def equals(self, other: Operand) -> Expression:
        """Compare; `==` tells whether two expressions are one object."""
        return _of("equal", self, other)

    def __and__(self, other: Operand) -> Expression:
        return _of("and", self, other)

    def __or__(self, other: Operand) -> Expression:
        return _of("or", self, other)

    def __invert__(self) -> Expression:
        return _of("not", self)

    def __bool__(self) -> bool:
        raise DefinitionError(
            "an expression has no value where it is defined",
            hint="use & | ~ in place of and, or, not, write a <= x <= b as (a <= x) & (x <= b), and when() for if",
        )

    def names(self, operation: str = "ref") -> frozenset[str]:
        """Give the names that it refers to; with `request`, those that who asks has to give."""
        if self.operation == operation:
            return frozenset((self.operands[0],))
        parts = (part for part in self.operands if isinstance(part, Expression))
        return frozenset().union(*(part.names(operation) for part in parts))

    def to_json(self) -> list[Any]:
        """Write it as lists, for comparing and for keeping."""
        return [self.operation, *(one.to_json() if isinstance(one, Expression) else one for one in self.operands)]

    def evaluate(self, values: Mapping[str, Any], at: datetime, given: Mapping[str, Any] | None = None) -> Any:
        """Compute it for one row.

        Parameters
        ----------
        values
            What names refer to.
        at
            The time of the question.
        given
            What the question brings along.
        """
        match self.operation:
            case "literal":
                return self.operands[0]
            case "ref":
                return values.get(self.operands[0])
            case "request":
                return (given or {}).get(self.operands[0])
            case "now":
                return at
        found = [one.evaluate(values, at, given) for one in self.operands]
        return OPERATIONS[self.operation](*found)


def ref(name: str) -> Expression:
    """Refer to a column of the source, or to a feature of the same set."""
    return Expression("ref", (name,))


def request(name: str) -> Expression:
    """Refer to a value that who asks for the features has to give."""
    return Expression("request", (name,))


def now() -> Expression:
    """Refer to the time of the question: that of the training row, or that of the request."""
    return Expression("now", ())


def coalesce(*operands: Operand) -> Expression:
    """Take the first that is not NULL."""
    return _of("coalesce", *operands)


def is_null(operand: Operand) -> Expression:
    """Tell whether it is NULL."""
    return _of("is_null", operand)


def absolute(operand: Operand) -> Expression:
    """Drop the sign."""
    return _of("absolute", operand)


def floor(operand: Operand) -> Expression:
    """Round down to an integer; what needs more than 64 bits is NULL."""
    return _of("floor", operand)


def logarithm(operand: Operand) -> Expression:
    """Take the natural logarithm."""
    return _of("logarithm", operand)


def seconds(operand: Operand) -> Expression:
    """Make seconds of the time between two timestamps."""
    return _of("seconds", operand)


def when(condition: Operand, then: Operand, otherwise: Operand) -> Expression:
    """Choose; a condition that is NULL chooses the other."""
    return _of("when", condition, then, otherwise)


def has_now(expression: Expression | None) -> bool:
    """Tell whether the time of the question is in an expression, if there is one."""
    if expression is None:
        return False
    return expression.operation == "now" or any(
        has_now(one) for one in expression.operands if isinstance(one, Expression)
    )


def _of(operation: str, *operands: Any) -> Expression:
    return Expression(operation, tuple(_wrap(one) for one in operands))


def _wrap(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if value is None or isinstance(value, bool | int | float | str):
        return Expression("literal", (value,))
    raise DefinitionError(
        f"{value!r} can't be a part of an expression",
        hint="use numbers, texts, truth values, None, ref(name), request(name) and now()",
    )


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make NULL of NULL, and of what has no result among numbers."""

    def computed(*operands: Any) -> Any:
        if any(one is None for one in operands):
            return None
        try:
            return function(*operands)
        except (ZeroDivisionError, ValueError, OverflowError):
            return None

    return computed


def _floor(operand: float) -> int:
    rounded = math.floor(operand)
    if not -(2**63) <= rounded < 2**63:
        raise OverflowError
    return rounded


def _and(left: Any, right: Any) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: Any, right: Any) -> bool | None:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


# How each operation is computed for one row. Times: subtract gives a timedelta, of which `seconds` makes a number.
OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": _strict(operator.add),
    "subtract": _strict(operator.sub),
    "multiply": _strict(operator.mul),
    "divide": _strict(operator.truediv),
    "less": _strict(operator.lt),
    "less_or_equal": _strict(operator.le),
    "equal": _strict(operator.eq),
    "not": _strict(operator.not_),
    "and": _and,
    "or": _or,
    "coalesce": lambda *operands: next((one for one in operands if one is not None), None),
    "is_null": lambda operand: operand is None,
    "absolute": _strict(abs),
    "floor": _strict(_floor),
    "logarithm": _strict(math.log),
    "seconds": _strict(timedelta.total_seconds),
    "when": lambda condition, then, otherwise: then if condition is True else otherwise,
}
