"""Predicting rows of a file with a registered model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..data.config import DatasetConfig
from ..data.readers import LINE, SOURCE, explained, read
from .errors import ModelError
from .registry import Loaded

if TYPE_CHECKING:
    import pandas as pd

_WRITERS = (".csv", ".jsonl", ".parquet")


def read_rows(source: str, reader: str = "auto") -> pd.DataFrame:
    """Read the rows of a file; texts that mean nothing are missing values.

    Raises
    ------
    DataError
        If the file can't be read.
    """
    table = read(source, reader)
    missing: list[str] = DatasetConfig.model_fields["missing"].default
    text = pl.col(pl.String)
    frame = table.frame.drop(LINE, SOURCE).with_columns(
        pl.when(~text.str.strip_chars().is_in(missing)).then(text).name.keep()
    )
    with explained(table):
        return frame.collect().to_pandas()


def predict(loaded: Loaded, frame: pd.DataFrame) -> pd.DataFrame:
    """Predict rows.

    Returns
    -------
    DataFrame
        One row for each, in the same order: `prediction`, and for classification `probability_<class>` for each.

    Raises
    ------
    InputError
        If the rows are not what the model was trained on.
    """
    import pandas as pd

    signature = loaded.description.signature
    inputs = signature.check(frame)
    if signature.task == "regression":
        return pd.DataFrame({"prediction": loaded.pipeline.predict(inputs)}, index=frame.index)
    probabilities: Any = loaded.pipeline.predict_proba(inputs)
    classes = np.asarray(loaded.pipeline.classes_)
    columns = {"prediction": classes[probabilities.argmax(axis=1)]}
    columns |= {f"probability_{name}": probabilities[:, number] for number, name in enumerate(classes.tolist())}
    return pd.DataFrame(columns, index=frame.index)


def write_rows(frame: pd.DataFrame, path: Path) -> None:
    """Write predictions as CSV, JSON lines or Parquet, by the ending of the name.

    Raises
    ------
    ModelError
        If the ending is another, or the file can't be written.
    """
    ending = path.suffix.lower()
    if ending not in _WRITERS:
        raise ModelError(
            f"{path}: predictions can't be written as {ending or 'that'}", hint=f"use {', '.join(_WRITERS)}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if ending == ".csv":
            frame.to_csv(path, index=False)
        elif ending == ".jsonl":
            frame.to_json(path, orient="records", lines=True)
        else:
            frame.to_parquet(path, index=False)
    except OSError as error:
        raise ModelError(f"{path} can't be written: {error.strerror}", hint="choose another place") from error
