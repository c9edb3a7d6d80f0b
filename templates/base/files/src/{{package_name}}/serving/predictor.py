"""One loaded model that answers rows."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from ..logs import get_logger
from ..models.registry import Loaded, Version
from ..monitoring.predictions import Prediction
from .compiled import Matrix, NotCompilable, Score, compile_pipeline
from .errors import ServingError
from .rows import Row, RowReader, Table
from .samples import sample_rows

_log = get_logger(__name__)

_TOLERANCE = 1e-9
_SAMPLES = 64
_REPEATS = 3

Value = tuple[Prediction, dict[str, float] | None]
"""A prediction, and for classification the probability of each class."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A model that is ready to answer.

    Attributes
    ----------
    compiled
        Whether it runs as arrays; else as scikit-learn's pipeline on a frame.
    names
        Of the classes, as answers have them; none for regression.
    start, each
        Seconds of a call with one row, and of each row more, as measured when the model was loaded.
    metrics
        Of the run that made it.
    """

    version: Version
    loaded: Loaded
    reader: RowReader
    score: Score
    compiled: bool
    names: Sequence[str]
    start: float
    each: float
    metrics: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, loaded: Loaded) -> Predictor:
        """Make the fastest function of a model that gives the same numbers as the model.

        Raises
        ------
        ServingError
            If the model can't even answer rows that its own signature asks for.
        """
        signature = loaded.description.signature
        reader = RowReader(signature)
        _use_one_thread(loaded.pipeline)
        rows = sample_rows(loaded, _SAMPLES)
        table = reader.read(rows)

        def by_frame(table: Table) -> Matrix:
            frame = reader.frame(table)
            asked = loaded.pipeline.predict if signature.task == "regression" else loaded.pipeline.predict_proba
            return np.asarray(asked(frame), dtype=np.float64)

        try:
            expected = by_frame(table)
        except Exception as error:
            message = f"{loaded.version} can't predict rows of its signature: {type(error).__name__}: {error}"
            raise ServingError(message, hint="train it again") from error
        score = _compiled(loaded, reader, table, expected)
        names = [str(name) for name in signature.classes]
        made = cls(loaded.version, loaded, reader, score or by_frame, score is not None, names, 0.0, 0.0)
        first, whole = made._seconds(rows[:1]), made._seconds(rows)
        return replace(made, start=first, each=max(whole - first, 0.0) / (len(rows) - 1))

    def cost(self, rows: int) -> float:
        """Estimate the seconds that rows take."""
        return self.start + self.each * (rows - 1)

    def answer(self, rows: Sequence[Row]) -> list[Value]:
        """Check and predict rows.

        Raises
        ------
        RowsError
            If they are not what the model takes.
        ServingError
            If the model gives what is no number.
        """
        return self.values(self.reader.read(rows))

    def values(self, table: Table) -> list[Value]:
        """Predict rows that were checked.

        Raises
        ------
        ServingError
            If the model gives what is no number.
        """
        scores = self.score(table)
        found = scores.tolist()
        if not all(map(math.isfinite, found if scores.ndim == 1 else chain.from_iterable(found))):
            raise ServingError(f"{self.version} predicts what is no number", hint="promote another version")
        if scores.ndim == 1:
            return [(value, None) for value in found]
        classes = self.loaded.description.signature.classes
        return [(classes[row.index(max(row))], dict(zip(self.names, row, strict=True))) for row in found]

    def _seconds(self, rows: Sequence[Row]) -> float:
        """Take the least time of some tries."""
        found = []
        for _ in range(_REPEATS):
            started = time.perf_counter()
            self.answer(rows)
            found.append(time.perf_counter() - started)
        return min(found)


def _compiled(loaded: Loaded, reader: RowReader, table: Table, expected: Matrix) -> Score | None:
    """Compile, and try out whether the numbers are those of the pipeline."""
    version = str(loaded.version)
    try:
        score = compile_pipeline(loaded.pipeline, reader, loaded.description.signature.task)
        found = score(table)
    except NotCompilable as reason:
        _log.info("served as a pipeline", version=version, reason=str(reason))
        return None
    except Exception as error:  # parts of plugins may have any shape; the pipeline itself can do it
        _log.warning("served as a pipeline", version=version, reason=f"{type(error).__name__}: {error}")
        return None
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE):
        _log.warning("served as a pipeline", version=version, reason="its arrays give other numbers")
        return None
    return score


def _use_one_thread(pipeline: Any) -> None:
    """Don't start threads within a prediction: requests run beside each other already."""
    threads = {name: 1 for name in pipeline.get_params() if name.rpartition("__")[2] in {"n_jobs", "thread_count"}}
    pipeline.set_params(**threads)
