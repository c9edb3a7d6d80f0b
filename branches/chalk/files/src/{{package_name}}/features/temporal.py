"""What the past says of each row: lags, rolling and expanding statistics, time since.

A row sees the rows of its key that are strictly earlier. Not itself, as its label may be among the values; not rows of
the same time, as nobody knows which came first; and never the future, which `leaks` checks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, Self

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .engines.expressions import quoted
from .errors import FeatureError
from .timed_rows import check_timed

STATISTICS = {"mean": "avg", "sum": "sum", "std": "stddev_samp", "min": "min", "max": "max", "count": "count"}
_SPANS: dict[str, Literal["s", "m", "h", "D", "W"]] = {"s": "s", "m": "m", "h": "h", "d": "D", "w": "W"}
_EARLIER = "INTERVAL 1 MICROSECOND PRECEDING"


class HistoryFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The history of each row's key, as it was just before the row's time.

    Rows of `fit` are remembered, as the past of rows that are transformed later. Of a key and time that is given again,
    what is given counts, so rows of training are transformed as they were fitted.

    Parameters
    ----------
    key, time
        The columns of who a row belongs to, and of when it happened, with a zone. Rows without either get NaN and count
        for nobody.
    values
        Columns of numbers. Missing ones count in no statistic.
    lags
        How many rows back: 1 is the last earlier row of the key.
    windows
        Spans such as 12h, 30d or 4w: a window of w before t is [t - w, t).
    statistics
        Of windows and of all that came before: mean, sum, std (NaN of fewer than two), min, max, count.
    expanding
        Whether there are statistics of all that came before.

    Raises
    ------
    FeatureError
        When it is used, if a column is missing, times have no zone, or a span or statistic is none.
    """

    def __init__(
        self,
        key: str,
        time: str,
        values: Sequence[str],
        *,
        lags: Sequence[int] = (1,),
        windows: Sequence[str] = ("30d",),
        statistics: Sequence[str] = ("mean", "count"),
        expanding: bool = True,
    ) -> None:
        self.key = key
        self.time = time
        self.values = values
        self.lags = lags
        self.windows = windows
        self.statistics = statistics
        self.expanding = expanding

    def fit(self, frame: pd.DataFrame, y: object = None) -> Self:
        """Remember the rows."""
        self.past_ = self._rows(frame)
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the features of each row, as float64, in the order and with the index of the rows."""
        check_is_fitted(self, "past_")
        given = self._rows(frame)
        moment = [self.key, self.time]
        again = pd.MultiIndex.from_frame(self.past_[moment]).isin(pd.MultiIndex.from_frame(given[moment]))
        return self._computed(pd.concat([self.past_[~again], given]), len(given)).set_axis(frame.index)

    def fit_transform(self, frame: pd.DataFrame, y: object = None) -> pd.DataFrame:
        """Remember the rows, and give their features, as `transform` would."""
        self.fit(frame)
        return self._computed(self.past_, len(frame)).set_axis(frame.index)

    def _rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        self._check(frame)
        rows = frame[list(dict.fromkeys((self.key, self.time, *self.values)))].reset_index(drop=True)
        times = rows[self.time].dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
        return rows.assign(**{self.time: times})

    def _computed(self, rows: pd.DataFrame, count: int) -> pd.DataFrame:
        """Give the features of the last `count` rows."""
        table = rows.reset_index(drop=True)
        table["_place"] = np.arange(len(table))
        with duckdb.connect() as connection:
            connection.register("given", table)
            found = connection.execute(self._sql()).df()
        columns = list(self.get_feature_names_out())
        result = pd.DataFrame(np.nan, index=range(len(table)), columns=columns)
        result.loc[found["_place"], columns] = found[columns].to_numpy(dtype=float, na_value=np.nan)
        return result.tail(count)

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives."""
        return np.asarray(list(self._expressions()), dtype=object)

    def _check(self, frame: pd.DataFrame) -> None:
        check_timed(frame, (self.key, *self.values), (self.time,))
        if unknown := [name for name in self.statistics if name not in STATISTICS]:
            raise FeatureError(f"there is no statistic {', '.join(unknown)}", hint=f"there are {', '.join(STATISTICS)}")
        for lag in self.lags:
            if lag < 1:
                raise FeatureError(f"a lag of {lag} rows would look at the row itself, or ahead", hint="1 is the least")

    def _expressions(self) -> dict[str, str]:
        """Give SQL by the name of what it computes."""
        history = f"PARTITION BY {quoted(self.key)} ORDER BY {quoted(self.time)}"
        seconds = {window: int(read_span(window).total_seconds()) for window in self.windows}
        frames = {window: f"INTERVAL {span} SECOND PRECEDING" for window, span in seconds.items()}
        if self.expanding:
            frames["so_far"] = "UNBOUNDED PRECEDING"
        since = f"epoch({quoted(self.time)} - max({quoted(self.time)}) OVER "
        since += f"({history} RANGE BETWEEN UNBOUNDED PRECEDING AND {_EARLIER}))"
        made = {f"{self.key}_seconds_since_last": since}
        for name in dict.fromkeys(self.values):
            column = f"{quoted(name)}::DOUBLE"
            column = f"CASE WHEN isfinite({column}) THEN {column} END"
            for lag in self.lags:
                # Rows of the same time are stepped over.
                made[f"{name}_lag_{lag}"] = f"lag({column}, ({lag} + _tied)::INTEGER) OVER ({history}, _place)"
            for window, begin in frames.items():
                for statistic in self.statistics:
                    over = f"({history} RANGE BETWEEN {begin} AND {_EARLIER})"
                    made[f"{name}_{statistic}_{window}"] = f"{STATISTICS[statistic]}({column}) OVER {over}"
        return made

    def _sql(self) -> str:
        key, time = quoted(self.key), quoted(self.time)
        columns = ", ".join(f"({sql})::DOUBLE AS {quoted(name)}" for name, sql in self._expressions().items())
        tied = f"row_number() OVER (PARTITION BY {key}, {time} ORDER BY _place) - 1 AS _tied"
        rows = f"SELECT *, {tied} FROM given WHERE {key} IS NOT NULL AND {time} IS NOT NULL"
        return f"SELECT _place, {columns} FROM ({rows})"


def read_span(text: str) -> pd.Timedelta:
    """Read a span of time, such as 12h, 30d or 4w.

    Raises
    ------
    FeatureError
        If it is none.
    """
    found = re.fullmatch(r"([1-9]\d*)([smhdw])", text)
    if found is None:
        raise FeatureError(f"{text!r} is no span of time", hint="write it as 12h, 30d or 4w")
    return pd.Timedelta(int(found[1]), _SPANS[found[2]])
