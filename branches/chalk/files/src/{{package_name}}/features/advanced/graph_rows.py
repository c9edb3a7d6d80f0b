"""What a graph says of each row's node, as it was before the row's time. Needs the extra `graph`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ...errors import first_line
from ..errors import FeatureError
from ..temporal import read_span
from ..timed_rows import check_timed
from .graph_features import check_columns, graph_features, values_at

OF_NODES = ("degree", "strength", "pagerank", "clustering", "community_size")


class GraphFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The features of each row's node, by edges that are strictly earlier than the row.

    A graph is described once for each span of `every` that has rows, as it was when the span began: a row sees edges up
    to then, and a row of that very moment those of a span before. Nothing is learnt from rows.

    Parameters
    ----------
    node, time
        The columns of a row's node, and of when it happened, with a zone.
    edges
        As `graph_features` takes them, or the file of Parquet that holds them.
    values
        As `values_at` takes them, or their file; neighbours' values are left out if it is None.
    every
        A span such as 12h, 1d or 4w.
    statistics
        Of the values of neighbours.
    seed
        Of the search for communities.

    Raises
    ------
    FeatureError
        When it is used, if a column or file is missing, times have no zone, a span or statistic is none, or the extra
        is not installed.
    """

    def __init__(
        self,
        node: str,
        time: str,
        edges: pd.DataFrame | Path,
        values: pd.DataFrame | Path | None = None,
        *,
        every: str = "1d",
        statistics: Sequence[str] = ("mean", "count"),
        seed: int = 0,
    ) -> None:
        self.node = node
        self.time = time
        self.edges = edges
        self.values = values
        self.every = every
        self.statistics = statistics
        self.seed = seed

    def fit(self, frame: pd.DataFrame, y: object = None) -> Self:
        """Check that the columns are there, and read what is in files."""
        self._check(frame)
        self.edges_ = _table(self.edges)
        check_columns("edges", self.edges_, ("source", "target", "time"))
        self.values_ = None if self.values is None else _table(self.values)
        if self.values_ is not None:
            check_columns("values of nodes", self.values_, ("node", "time", "value"))
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the features of each row, as float64; a node without edges has the degree 0."""
        check_is_fitted(self, "edges_")
        self._check(frame)
        span = read_span(self.every)
        times = frame[self.time].reset_index(drop=True).dt.tz_convert("UTC")
        result = pd.DataFrame(np.nan, index=range(len(frame)), columns=list(self.get_feature_names_out()))
        nodes = frame[self.node].reset_index(drop=True)
        for at, known in nodes.dropna().groupby(times.dt.ceil(span) - span):
            result.loc[known.index] = self._described(at, known)
        return result.set_axis(frame.index)

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives, such as person_pagerank."""
        neighbours = [] if self.values is None else [f"neighbours_{name}" for name in self.statistics]
        return np.asarray([f"{self.node}_{name}" for name in (*OF_NODES, *neighbours)], dtype=object)

    def _described(self, at: pd.Timestamp, nodes: pd.Series[object]) -> NDArray[np.float64]:
        values = None if self.values_ is None else values_at(self.values_, at)
        features = graph_features(self.edges_, at, values, self.seed, self.statistics).drop(columns="community")
        found = features.reindex(nodes.to_numpy())
        counts = [name for name in ("degree", "strength", "neighbours_count") if name in found]
        filled: NDArray[np.float64] = found.fillna(dict.fromkeys(counts, 0.0)).to_numpy(dtype=float)
        return filled

    def _check(self, frame: pd.DataFrame) -> None:
        check_timed(frame, (self.node,), (self.time,))
        read_span(self.every)


def _table(given: pd.DataFrame | Path) -> pd.DataFrame:
    if isinstance(given, pd.DataFrame):
        return given
    try:
        return pd.read_parquet(given)
    except (OSError, pa.ArrowInvalid) as error:
        raise FeatureError(f"{given} can't be read: {first_line(error)}", hint="it is a file of Parquet") from error
