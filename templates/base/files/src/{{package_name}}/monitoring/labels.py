"""Labels that arrive late: what turned out to be true of earlier predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import MonitoringError
from .predictions import PredictionLog

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("id", "label")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of labels.

    Attributes
    ----------
    written
        Labels whose prediction there is.
    unknown
        Labels whose prediction there is not.
    empty
        Rows without an id or a label.
    """

    written: int
    unknown: int
    empty: int


def read_labels(source: str) -> tuple[dict[str, Any], int]:
    """Read the columns `id` and `label` of a file; other columns are not looked at.

    Returns
    -------
    labels : dict
        Labels by the id of the prediction.
    empty : int
        Rows without one of them.

    Raises
    ------
    DataError
        If the file can't be read.
    MonitoringError
        If it lacks a column, or gives two labels for one id.
    """
    from ..models.prediction import read_rows

    frame = read_rows(source)
    for name in _COLUMNS:
        if name not in frame:
            has = ", ".join(str(column) for column in frame.columns)
            raise MonitoringError(f"{source} has no column {name!r}", hint=f"it needs id and label, and has: {has}")
    given: pd.DataFrame = frame[list(_COLUMNS)].dropna().drop_duplicates()
    twice = given["id"][given["id"].duplicated()]
    if len(twice):
        raise MonitoringError(f"{source} gives two labels for {twice.iloc[0]!s}", hint="keep the right one")
    labels = dict(zip(given["id"].astype(str), given["label"].tolist(), strict=True))
    return labels, int(frame[list(_COLUMNS)].isna().any(axis=1).sum())


def add_labels(log: PredictionLog, source: str) -> Added:
    """Write the labels of a file to the prediction log.

    Raises
    ------
    DataError, MonitoringError
        If the file can't be read, or has no label for any prediction of the log.
    PredictionLogError
        If the log can't be written.
    """
    labels, empty = read_labels(source)
    written = log.add_labels(labels)
    if not written:
        what = (
            f"none of the {len(labels)} ids in {source} is that of a prediction" if labels else f"{source} has no label"
        )
        raise MonitoringError(what, hint=f"the column id holds what the service answered; the log is {log.address}")
    return Added(written, len(labels) - written, empty)
