"""What a time says by itself: seasons as circles, and holidays."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .errors import FeatureError
from .extras import bring
from .timed_rows import check_timed

# In days; a year is a mean one, so that a date of the year stays where it is to within a day.
PERIODS = {"day": 1.0, "week": 7.0, "month": 365.2425 / 12, "year": 365.2425}
_SATURDAY = 5
_AROUND = 30  # days that are looked at before and after for the nearest holiday


class CalendarFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Fourier terms of seasons, the weekend, and holidays, of columns of times.

    A season of period P has the terms sin(2πkt/P) and cos(2πkt/P) for k = 1 … `harmonics`: a sum of waves.
    Times are read on the clocks of `zone`; nothing is learnt, and no row sees another.

    Parameters
    ----------
    periods
        Any of day, week, month and year.
    harmonics
        How many waves a season has; the more, the finer its shape.
    zone
        Whose clocks and days are meant, such as Europe/Berlin.
    country
        Whose public holidays are meant, such as DE; none if it is None. Needs the extra `calendar`.

    Raises
    ------
    FeatureError
        When it is used, if times have no zone, a period or country is none, or the extra is not installed.
    """

    def __init__(
        self,
        periods: tuple[str, ...] = ("day", "week", "year"),
        harmonics: int = 1,
        zone: str = "UTC",
        country: str | None = None,
    ) -> None:
        self.periods = periods
        self.harmonics = harmonics
        self.zone = zone
        self.country = country

    def fit(self, frame: pd.DataFrame, y: object = None) -> Self:
        """Remember the names of the columns."""
        if unknown := [name for name in self.periods if name not in PERIODS]:
            raise FeatureError(f"there is no period {', '.join(unknown)}", hint=f"there are {', '.join(PERIODS)}")
        check_timed(frame, (), ())
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the features of each time, as float64; of one that is missing, NaN."""
        check_is_fitted(self, "feature_names_in_")
        check_timed(frame, (), tuple(self.feature_names_in_))
        columns: dict[str, Any] = {}
        for name in self.feature_names_in_:
            times = frame[name].dt.tz_convert(self.zone).dt.tz_localize(None)
            days = ((times - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy(dtype=float)
            for period in self.periods:
                for wave in range(1, self.harmonics + 1):
                    angle = 2 * np.pi * wave * days / PERIODS[period]
                    columns[f"{name}_{period}_sin_{wave}"] = np.sin(angle)
                    columns[f"{name}_{period}_cos_{wave}"] = np.cos(angle)
            weekend = (times.dt.day_of_week >= _SATURDAY).astype(float)
            columns[f"{name}_weekend"] = weekend.mask(times.isna()).to_numpy()
            if self.country is not None:
                columns |= self._holidays(name, times)
        return pd.DataFrame(columns, index=frame.index)

    def get_feature_names_out(self, names: object = None) -> NDArray[np.object_]:
        """Name what `transform` gives."""
        check_is_fitted(self, "feature_names_in_")
        ends = [
            f"{p}_{wave}_{k}" for p in self.periods for k in range(1, self.harmonics + 1) for wave in ("sin", "cos")
        ]
        ends.append("weekend")
        if self.country is not None:
            ends += ["holiday", "days_to_holiday", "days_since_holiday"]
        return np.asarray([f"{name}_{end}" for name in self.feature_names_in_ for end in ends], dtype=object)

    def _holidays(self, name: str, times: Any) -> dict[str, NDArray[np.float64]]:
        days = times.dt.normalize().to_numpy().astype("datetime64[D]")
        there = ~np.isnat(days)
        features = np.full((3, len(days)), np.nan)
        if there.any():
            known = self._dates(
                int(days[there].min().astype("datetime64[Y]").astype(int)) + 1970,
                int(days[there].max().astype("datetime64[Y]").astype(int)) + 1970,
            )
            following = np.searchsorted(known, days[there])
            before = np.searchsorted(known, days[there], side="right") - 1
            ahead = (known[following] - days[there]).astype(float)
            behind = (days[there] - known[before]).astype(float)
            features[:, there] = ahead == 0, np.minimum(ahead, _AROUND), np.minimum(behind, _AROUND)
        names = (f"{name}_holiday", f"{name}_days_to_holiday", f"{name}_days_since_holiday")
        return dict(zip(names, features, strict=True))

    def _dates(self, first: int, last: int) -> NDArray[np.datetime64]:
        holidays = bring("holidays", "calendar", "holidays")
        try:
            found = holidays.country_holidays(self.country, years=range(first - 1, last + 2))
        except NotImplementedError as error:
            raise FeatureError(f"no holidays of {self.country!r} are known", hint="write it as DE or US") from error
        return np.array(sorted(found), dtype="datetime64[D]")
