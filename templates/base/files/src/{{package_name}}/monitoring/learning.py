"""Collecting what models can learn from: predictions whose labels have arrived, for `data run`.

The log forgets what is older than `serving.log.keep_days`; the file that is written here does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from ..data.config import DatasetConfig
from ..data.labelled import FOLDER
from .errors import MonitoringError
from .performance import class_name
from .predictions import Labelled, PredictionLog
from .report import replace

_ID, _TIME = "_id", "_time"


def collect(log: PredictionLog, model: str, dataset: DatasetConfig, root: Path, limit: int) -> int:
    """Add labelled predictions to `data/labelled/<model>.jsonl`. A label that was changed replaces the one before.

    Parameters
    ----------
    dataset
        Has the column that the label goes to.
    limit
        Most rows of the file; the latest stay.

    Returns
    -------
    int
        How many rows the file has now.

    Raises
    ------
    PredictionLogError
        If the log can't be read.
    MonitoringError
        If the file is damaged, or can't be written.
    """
    path = root / FOLDER / f"{model}.jsonl"
    before = _read(path)
    answered = {one.id: _row(one, dataset) for one in log.labelled(model, limit)}
    rows = {**before, **answered}
    latest = sorted(rows.values(), key=lambda row: (row[_TIME], row[_ID]))[-limit:]
    names = dict.fromkeys(name for row in latest for name in row)
    latest = [{**names, **row} for row in latest]  # readers take the columns from the first rows
    if latest != list(before.values()):
        replace(path, "".join(orjson.dumps(row).decode() + "\n" for row in latest))
    return len(latest)


def _row(one: Labelled, dataset: DatasetConfig) -> dict[str, Any]:
    label = class_name(one.label) if dataset.task == "classification" else one.label
    return {_ID: one.id, _TIME: one.time.isoformat(), **one.inputs, dataset.target: label}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        rows = [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
        return {row[_ID]: row for row in rows if row[_TIME]}
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        hint = "mend it, or move it away: what the prediction log still has is collected again"
        raise MonitoringError(f"{path} can't be read: {type(error).__name__}: {error}", hint=hint) from error
