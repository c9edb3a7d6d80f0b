"""What a model takes and gives, checked before it predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..data.card import ColumnType, DataCard, Task
from .errors import InputError
from .target import Label

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = 3


class Input(BaseModel):
    """One column that a model takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ColumnType
    not_future: bool = False


class Signature(BaseModel):
    """What a model takes and gives.

    Attributes
    ----------
    inputs
        In the order of training. Other columns are not looked at.
    classes
        What it can answer; empty for regression.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: list[Input]
    target: str
    task: Task
    classes: list[Label]

    @classmethod
    def of(cls, card: DataCard, pipeline: Any) -> Signature:
        """Describe a fitted model."""
        used = [name for name in card.of_role("feature", "time") if card.columns[name].distinct]
        columns = [(name, card.columns[name]) for name in used]
        inputs = [Input(name=name, type=column.dtype, not_future=column.not_future) for name, column in columns]
        classes = np.asarray(pipeline.classes_).tolist() if card.task == "classification" else []
        return cls(inputs=inputs, target=card.target, task=card.task, classes=classes)

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Hold rows to the signature.

        A missing value is none of the faults: models are trained to bear it. Nor is a category that is new.

        Returns
        -------
        DataFrame
            The columns of the model, in its order and types.

        Raises
        ------
        InputError
            With every fault: columns that are missing, values that can't be read, infinite numbers, dates in
            the future where the data has none, no rows.
        """
        import pandas as pd

        problems = [f"the column {i.name!r} ({i.type}) is missing" for i in self.inputs if i.name not in frame]
        if frame.columns.has_duplicates:
            twice = frame.columns[frame.columns.duplicated()][0]
            problems.append(f"the column {twice!r} is there twice")
        if not problems and frame.empty:
            problems.append("there are no rows")
        if problems:
            raise InputError(problems)
        columns: dict[str, Any] = {}
        for expected in self.inputs:
            columns[expected.name], problem = _read(frame[expected.name], expected.type)
            if not problem and expected.not_future:
                problem = _late(columns[expected.name])
            if problem:
                problems.append(f"the column {expected.name!r} {problem}")
        if problems:
            raise InputError(problems)
        return pd.DataFrame(columns, index=frame.index)


def _read(column: pd.Series[Any], wanted: ColumnType) -> tuple[Any, str]:
    """Read a column as a type; the text says what is wrong with it."""
    import pandas as pd

    if wanted in {"category", "text"}:
        nested = column.map(lambda value: isinstance(value, (dict, list)))
        return column, f"must hold {wanted}: {_shown(column[nested])}" if nested.any() else ""
    if wanted in {"date", "datetime"}:
        read = pd.to_datetime(
            column, errors="coerce", utc=True, format="mixed" if column.dtype in (object, "str") else None
        )
    else:
        read = pd.to_numeric(column, errors="coerce").astype(float)
    unread = column.notna() & read.isna()
    if unread.any():
        return read, f"must hold {wanted}: {_shown(column[unread])}"
    if wanted in {"float", "integer", "boolean"} and np.isinf(read).any():
        return read, f"is infinite in {int(np.isinf(read).sum())} rows"
    return read, ""


def _late(dates: Any) -> str:
    import pandas as pd

    late = dates[dates > pd.Timestamp.now(tz="UTC")]
    shown = ", ".join(f"{moment:%Y-%m-%d %H:%M}" for moment in late.head(_EXAMPLES))
    return f"lies in the future in {len(late)} rows: {shown} UTC" if len(late) else ""


def _shown(values: pd.Series[Any]) -> str:
    some = ", ".join(repr(value)[:40] for value in values.head(_EXAMPLES))
    more = f" and {len(values) - _EXAMPLES} more" if len(values) > _EXAMPLES else ""
    return f"{some}{more} can't be read as that"
