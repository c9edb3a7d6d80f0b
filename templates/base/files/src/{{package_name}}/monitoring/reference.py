"""What a model was trained on, small enough to be kept with it: what the rows of later days are compared with.

Inputs are those of the training split. Predictions are those for the validation split: a model is surer of rows that it
has learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ..data.card import ColumnType, Task
from ..models.bootstrap import Estimate
from ..models.target import Label
from .values import Column, read_column

if TYPE_CHECKING:
    import pandas as pd

    from ..models.metrics import Predictions
    from ..models.signature import Signature

REFERENCE = "reference.json"
MOST_CATEGORIES = 500

_MOST_VALUES = 1_000
_BINS = 10
_BINARY = 2


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Numbers(_Part):
    """A column of numbers, dates (as seconds since 1970), or texts (as their lengths).

    Attributes
    ----------
    values
        Sorted. Of more than 1,000 rows their quantiles, which give each share to within 0.0005.
    edges
        Between the bins; a value that is on an edge belongs to the bin below. Bins are tenths of the rows, save that a
        value which fills more than one has a bin of its own.
    counts
        Rows in each bin: one more than edges.
    low, high
        The least and the greatest value; None where there is none.
    """

    kind: Literal["numbers"] = "numbers"
    dtype: ColumnType
    rows: int
    missing: int
    values: list[float]
    edges: list[float]
    counts: list[int]
    low: float | None
    high: float | None

    def count(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Count values by bin."""
        bins = np.searchsorted(np.asarray(self.edges), values, side="left")
        return np.bincount(bins, minlength=len(self.edges) + 1)


class Categories(_Part):
    """A column of categories.

    Attributes
    ----------
    counts
        Rows of the 500 most frequent categories.
    others
        Rows of all other categories.
    """

    kind: Literal["categories"] = "categories"
    dtype: ColumnType
    rows: int
    missing: int
    counts: dict[str, int]
    others: int


Profile = Annotated[Numbers | Categories, Field(discriminator="kind")]


class Reference(_Part):
    """A model's training data and first predictions, in short.

    Attributes
    ----------
    rows
        Of the training split.
    duplicates
        Rows of it that have the same inputs as one before them.
    inputs
        The columns that the model takes, without its time: that moves on by itself.
    predictions
        What the model said of the validation split: `prediction`, and the probabilities of classes.
    scores
        How good it was there.
    """

    task: Task
    classes: list[Label]
    rows: int
    duplicates: int
    inputs: dict[str, Profile]
    predictions: dict[str, Profile]
    scores: dict[str, Estimate]


def make_reference(
    frame: pd.DataFrame,
    signature: Signature,
    times: list[str],
    predictions: Predictions,
    scores: Mapping[str, Estimate],
) -> Reference:
    """Describe a model's training data.

    Parameters
    ----------
    frame
        The training split.
    times
        Columns that are not compared.
    predictions, scores
        Of the validation split.
    """
    kept = [column for column in signature.inputs if column.name not in times]
    wanted: dict[str, ColumnType] = {column.name: column.type for column in kept}
    return Reference(
        task=signature.task,
        classes=signature.classes,
        rows=len(frame),
        duplicates=int(frame[[column.name for column in signature.inputs]].duplicated().sum()),
        inputs={name: profile(read_column(frame[name], dtype), dtype) for name, dtype in wanted.items()},
        predictions=_profile_predictions(predictions, signature.classes),
        scores=dict(scores),
    )


def prediction_columns(classes: list[Label]) -> dict[str, ColumnType]:
    """Name the columns of predictions that are compared; of two classes the probability of one tells all."""
    if not classes:
        return {"prediction": "float"}
    shown = classes[1:] if len(classes) == _BINARY else classes
    columns: dict[str, ColumnType] = {"prediction": "category"}
    for name in shown:
        columns[f"probability_{name}"] = "float"
    return columns


def profile(column: Column, dtype: ColumnType) -> Numbers | Categories:
    """Describe one column."""
    if dtype in {"category", "boolean"}:
        names, counts = np.unique(column.values.astype(str), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        top = {str(names[place]): int(counts[place]) for place in order[:MOST_CATEGORIES]}
        others = int(counts[order[MOST_CATEGORIES:]].sum())
        return Categories(dtype=dtype, rows=column.rows, missing=column.missing, counts=top, others=others)
    values = np.sort(as_numbers(column, dtype))
    edges = _edges(values)
    kept = values
    if len(values) > _MOST_VALUES:
        kept = np.quantile(values, (np.arange(_MOST_VALUES) + 0.5) / _MOST_VALUES, method="inverted_cdf")
    bins = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return Numbers(
        dtype=dtype,
        rows=column.rows,
        missing=column.missing,
        values=kept.tolist(),
        edges=edges.tolist(),
        counts=bins.tolist(),
        low=float(values[0]) if len(values) else None,
        high=float(values[-1]) if len(values) else None,
    )


def as_numbers(column: Column, dtype: ColumnType) -> NDArray[np.float64]:
    """Give the numbers that stand for a column: those of a text are the lengths."""
    if dtype == "text":
        return np.fromiter(map(len, column.values), dtype=np.float64, count=len(column.values))
    return column.values.astype(np.float64)


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(values):
        return np.empty(0)
    tenths = np.quantile(values, np.arange(1, _BINS) / _BINS, method="inverted_cdf")
    edges, repeats = np.unique(tenths, return_counts=True)
    # A value that fills whole bins gets edges on both sides, so that what is below it is seen too.
    heavy = edges[repeats > 1]
    return np.union1d(edges, np.nextafter(heavy, -np.inf))


def _profile_predictions(predictions: Predictions, classes: list[Label]) -> dict[str, Any]:
    import pandas as pd

    names = np.asarray([str(name) for name in classes], dtype=object)
    said = names[predictions.predicted.astype(np.int64)] if classes else predictions.predicted
    columns: dict[str, Any] = {"prediction": said}
    for number, name in enumerate(classes):
        columns[f"probability_{name}"] = predictions.probabilities[:, number]
    return {
        name: profile(read_column(pd.Series(columns[name]), dtype), dtype)
        for name, dtype in prediction_columns(classes).items()
    }
