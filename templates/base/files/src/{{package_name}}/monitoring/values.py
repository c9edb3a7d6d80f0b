"""Reading values as a model reads them, whatever they were written as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.card import ColumnType

if TYPE_CHECKING:
    import pandas as pd

Scalars = (str, int, float, bool, np.generic)

_TEXTS = ("category", "text")
_TIMES = ("date", "datetime")


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one column, and what is wrong with the others.

    Attributes
    ----------
    values
        ndarray of shape (n_good,): numbers as float64, dates as seconds since 1970, and else text.
    rows
        All rows, the bad ones included.
    missing, unreadable, infinite
        Rows whose value is not there, is not of the column's type, or is not finite.
    """

    values: NDArray[Any]
    rows: int
    missing: int
    unreadable: int
    infinite: int


def read_column(column: pd.Series[Any], dtype: ColumnType) -> Column:
    """Read a column as a type. What can't be read is counted, never an error."""
    import pandas as pd

    absent = column.isna()
    present = column[~absent]
    if column.dtype == object:
        scalar = present.map(lambda value: isinstance(value, Scalars) or hasattr(value, "isoformat"))
        present = present[scalar.astype(bool)]
    if dtype in _TEXTS:
        values: NDArray[Any] = present.astype(str).to_numpy(dtype=object)
        return _column(values, column, absent)
    if dtype in _TIMES:
        mixed = "mixed" if present.dtype == object or pd.api.types.is_string_dtype(present) else None
        times = pd.to_datetime(present, errors="coerce", utc=True, format=mixed).dropna()
        seconds = (times - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
        return _column(seconds.to_numpy(dtype=np.float64), column, absent)
    numbers = pd.to_numeric(present, errors="coerce").dropna().to_numpy(dtype=np.float64)
    if dtype == "boolean":
        finite = np.where(numbers != 0, "true", "false").astype(object)
        return _column(finite, column, absent)
    finite = numbers[np.isfinite(numbers)]
    return _column(finite, column, absent, infinite=len(numbers) - len(finite))


def read_logged(frame: pd.DataFrame, name: str, dtype: ColumnType) -> Column:
    """Read a column of the prediction log. One that no row has is missing in all of them."""
    if name in frame:
        return read_column(frame[name], dtype)
    return Column(np.empty(0), len(frame), len(frame), 0, 0)


def _column(values: NDArray[Any], column: pd.Series[Any], absent: pd.Series[Any], infinite: int = 0) -> Column:
    missing = int(absent.sum())
    return Column(values, len(column), missing, len(column) - missing - len(values) - infinite, infinite)
