"""What an expression holds, told from what its columns, features and inputs hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..errors import DefinitionError
from .entities import Kind
from .expressions import Expression

Held: TypeAlias = Kind | Literal["time between"] | None
"""A kind, what a difference of times is, or None for NULL, which goes with all."""

_LITERALS = {bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.FLOAT, str: Kind.STRING}
_BETWEEN: Literal["time between"] = "time between"
_COMPARING = frozenset({"less", "less_or_equal", "equal", "is_null"})
# What all operands hold, and the result.
_OPERANDS: dict[str, tuple[Held, Held]] = {
    "not": (Kind.BOOLEAN, Kind.BOOLEAN),
    "and": (Kind.BOOLEAN, Kind.BOOLEAN),
    "or": (Kind.BOOLEAN, Kind.BOOLEAN),
    "seconds": (_BETWEEN, Kind.FLOAT),
}
_HINT = "calculate with numbers, combine truth values by & | ~, make a number of times by seconds(now() - ref(name))"


@dataclass(frozen=True, slots=True)
class Kinds:
    """What names hold.

    Attributes
    ----------
    where
        What the expression is of, for errors.
    names, given
        Kinds of columns or features, and of what requests give.
    """

    where: str
    names: Mapping[str, Kind]
    given: Mapping[str, Kind]

    def of(self, expression: Expression) -> Held:
        """Tell what an expression holds; integers and floats together are floats.

        Raises
        ------
        DefinitionError
            If an operation has no meaning for its operands.
        """
        match expression.operation:
            case "literal":
                value = expression.operands[0]
                return None if value is None else _LITERALS[type(value)]
            case "ref":
                return self.names[expression.operands[0]]
            case "request":
                return self.given[expression.operands[0]]
            case "now":
                return Kind.TIMESTAMP
        held = [self.of(one) for one in expression.operands]
        return self._result(expression.operation, held)

    def _result(self, operation: str, held: list[Held]) -> Held:
        if operation in _OPERANDS:
            wanted, result = _OPERANDS[operation]
            self._all(operation, held, wanted)
            return result
        if operation == "subtract" and Kind.TIMESTAMP in held:
            self._all(operation, held, Kind.TIMESTAMP)
            return _BETWEEN
        if operation == "when":
            self._all(operation, held[:1], Kind.BOOLEAN)
            return self._common(operation, held[1:])
        if operation in _COMPARING:
            self._common(operation, held)
            return Kind.BOOLEAN
        return self._common(operation, held) if operation == "coalesce" else self._number(operation, held)

    def _number(self, operation: str, held: list[Held]) -> Held:
        if any(one not in {Kind.INTEGER, Kind.FLOAT, None} for one in held):
            raise self._error(operation, held)
        if operation in {"divide", "logarithm"}:
            return Kind.FLOAT
        return Kind.INTEGER if operation == "floor" else self._common(operation, held)

    def _common(self, operation: str, held: list[Held]) -> Held:
        known = {one for one in held if one is not None}
        if known == {Kind.INTEGER, Kind.FLOAT}:
            return Kind.FLOAT
        if len(known) > 1:
            raise self._error(operation, held)
        return next(iter(known), None)

    def _all(self, operation: str, held: list[Held], wanted: Held) -> None:
        if any(one not in {wanted, None} for one in held):
            raise self._error(operation, held)

    def _error(self, operation: str, held: list[Held]) -> DefinitionError:
        told = " and ".join("NULL" if one is None else str(one) for one in held)
        return DefinitionError(f"{self.where}: there is no {operation!r} of {told}", hint=_HINT)


def kind_of(kinds: Kinds, expression: Expression, declared: Kind | None) -> Kind:
    """Tell the kind of an on-demand feature: what its expression holds, or floats where integers are declared so.

    Raises
    ------
    DefinitionError
        If something else is declared, or it is a time between two others, which no column holds.
    """
    held = kinds.of(expression)
    if held is None:
        return declared or Kind.FLOAT
    if held == _BETWEEN:
        raise DefinitionError(f"{kinds.where} is a time between two others", hint="make a number of it by seconds(…)")
    found = Kind(held)
    if declared in {None, found}:
        return found
    if (declared, found) == (Kind.FLOAT, Kind.INTEGER):
        return Kind.FLOAT
    hint = f"leave the kind out, or make it {found}; floor(…) makes integers of floats"
    raise DefinitionError(f"{kinds.where} is {declared} by its definition, but its expression is {found}", hint=hint)
