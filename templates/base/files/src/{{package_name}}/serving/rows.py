"""Rows of a request, checked, as arrays: no frame is made on the way, as that takes longer than most models."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..models.signature import Signature
from .errors import Fault, RowsError

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]

_NUMBERS = {"float", "integer", "boolean"}
_WORDS = {"category", "text"}
_PLAIN = {float, int, type(None)}
_MOST_FAULTS = 100
_GREATEST = 2**63
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by kind of column.

    Attributes
    ----------
    numbers
        float64 of shape (n_rows, n_number_columns); NaN where a value is missing.
    others
        The other columns by name: text for categories and words, moments in UTC for dates; None where it is missing.
    complete
        Whether no number is missing, as far as one look at the sum of their squares can tell.
    """

    numbers: NDArray[np.float64]
    others: Mapping[str, Sequence[Any]]
    complete: bool

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, start: int, stop: int) -> Table:
        """Take some of the rows."""
        others = {name: values[start:stop] for name, values in self.others.items()}
        return Table(self.numbers[start:stop], others, self.complete)


class RowReader:
    """Reads rows by a model's signature.

    A missing value is no fault: models are trained to bear it. Nor is a category that is new, or a column too many.
    """

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.numbers = tuple(one.name for one in signature.inputs if one.type in _NUMBERS)
        self.others = tuple((one.name, one.type) for one in signature.inputs if one.type not in _NUMBERS)
        self._names = frozenset(one.name for one in signature.inputs)

    def read(self, rows: Sequence[Row]) -> Table:
        """Check rows.

        Raises
        ------
        RowsError
            With every fault: a column that is missing, a value of another type, a number that is infinite.
        """
        try:
            numbers = [[row[name] for name in self.numbers] for row in rows]
            others = {name: [_read(row[name], kind) for row in rows] for name, kind in self.others}
            plain = all(_PLAIN.issuperset(map(type, row)) for row in numbers)
            array = np.array(numbers, dtype=np.float64).reshape(len(rows), len(self.numbers)) if plain else None
        except (KeyError, TypeError, ValueError, OverflowError):
            array, others = None, {}
        complete = array is not None and math.isfinite(np.vdot(array, array))
        if array is None or (not complete and np.isinf(array).any()):
            faults = self._faults(rows)
            if faults:
                raise RowsError(faults)
            # What is not plain and yet no fault: booleans among the numbers.
            numbers = [[row[name] for name in self.numbers] for row in rows]
            array = np.array(numbers, dtype=np.float64).reshape(len(rows), len(self.numbers))
        return Table(array, others, complete)

    def inputs(self, row: Row) -> dict[str, Any]:
        """Take what the model looks at."""
        return {name: row[name] for name in self._names}

    def frame(self, table: Table) -> pd.DataFrame:
        """Make the frame that a pipeline takes."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for one in self.signature.inputs:
            if one.type in _NUMBERS:
                columns[one.name] = table.numbers[:, self.numbers.index(one.name)]
            elif one.type in _WORDS:
                columns[one.name] = pd.Series(table.others[one.name], dtype=object)
            else:
                columns[one.name] = pd.to_datetime(pd.Series(table.others[one.name], dtype=object), utc=True)
        return pd.DataFrame(columns)

    def _faults(self, rows: Sequence[Row]) -> list[Fault]:
        faults: list[Fault] = []
        for number, row in enumerate(rows):
            for one in self.signature.inputs:
                problem = _problem(row[one.name], one.type) if one.name in row else f"is missing ({one.type})"
                if problem:
                    faults.append(Fault(number, one.name, problem))
                    if len(faults) == _MOST_FAULTS:
                        return faults
        return faults


def _problem(value: Any, kind: str) -> str:
    """Say what is wrong with a value; nothing if it is right."""
    if value is None:
        return ""
    if isinstance(value, int) and abs(value) >= _GREATEST:
        return "is an integer of more than 64 bits"
    if kind in _NUMBERS:
        return _number_problem(value, "boolean" if kind == "boolean" else "number")
    try:
        _read(value, kind)
    except (TypeError, ValueError, OverflowError):
        wanted = "text or a number" if kind in _WORDS else "a date in ISO 8601"
        return f"must be {wanted}, not {_shown(value)}"
    return ""


def _number_problem(value: Any, kind: str) -> str:
    fits = kind == "boolean" if isinstance(value, bool) else isinstance(value, (int, float))
    if not fits:
        return f"must be {'true or false' if kind == 'boolean' else 'a number'}, not {_shown(value)}"
    return "must not be infinite" if math.isinf(value) else ""


def _read(value: Any, kind: str) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if kind in _WORDS:
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)) and abs(value) < _GREATEST:
            return str(value)
        raise TypeError
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        raise TypeError
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
