"""Whether features look into the future: rows of later are changed, and what was computed of earlier ones must stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .errors import FeatureError


@dataclass(frozen=True, slots=True)
class Leak:
    """A feature of earlier rows that changed when later rows did.

    Attributes
    ----------
    column
        The feature.
    time
        What came after it was changed.
    rows
        How many earlier rows got another value.
    """

    column: str
    time: pd.Timestamp
    rows: int


def find_leaks(
    compute: Callable[[pd.DataFrame], pd.DataFrame],
    frame: pd.DataFrame,
    time: str,
    *,
    outcomes: Sequence[str] = (),
    cuts: int = 5,
) -> list[Leak]:
    """Compute features of rows whose future is another, and compare.

    At each cut, values after it are first drawn anew from each other, column by column, and then rows after it are left
    out. Both ways, the features of rows up to the cut must be what they were. That finds what is fitted on all rows
    too, if `compute` fits.

    Parameters
    ----------
    compute
        From rows to their features, a row for each, in their order: `HistoryFeatures(…).fit_transform`, for one.
    frame
        The rows.
    time
        The column of when they happened.
    outcomes
        Columns that are known only after a row's time, such as its label: they are changed in rows of the cut's own
        time as well.
    cuts
        How many times are tried, spread over the rows.

    Returns
    -------
    list of Leak
        One for each feature and cut, empty if nothing leaks.

    Raises
    ------
    FeatureError
        If there are fewer than two times, or `compute` gives other rows than it was given.
    """
    rows = frame.reset_index(drop=True)
    times = np.sort(rows[time].dropna().unique())
    if len(times) <= 1:
        raise FeatureError("leaks can't be looked for: the rows have one time", hint="give rows of several times")
    usual = _computed(compute, rows)
    chance = np.random.default_rng(0)
    places = np.unique(np.linspace(0, len(times) - 2, num=min(cuts, len(times) - 1)).astype(int))
    leaks = []
    for cut in (pd.Timestamp(times[place]) for place in places):
        earlier = (rows[time] <= cut).to_numpy()
        changed = np.zeros((int(earlier.sum()), usual.shape[1]), dtype=bool)
        for other in (_shuffled(rows, cut, time, outcomes, chance), rows[earlier].reset_index(drop=True)):
            again = _computed(compute, other)
            again = again[earlier] if len(other) == len(rows) else again
            changed |= _differ(usual[earlier], again)
        leaks += [Leak(str(name), cut, int(n)) for name, n in zip(usual, changed.sum(axis=0), strict=True) if n]
    return leaks


def check_leaks(
    compute: Callable[[pd.DataFrame], pd.DataFrame], frame: pd.DataFrame, time: str, outcomes: Sequence[str] = ()
) -> None:
    """Raise an error if features look into the future; `find_leaks` says how that is found out.

    Raises
    ------
    FeatureError
        If they do; the message names them.
    """
    leaks = find_leaks(compute, frame, time, outcomes=outcomes)
    if leaks:
        names = ", ".join(dict.fromkeys(leak.column for leak in leaks))
        message = f"{names} changed for rows up to {leaks[0].time.isoformat()} when later rows did"
        raise FeatureError(message, hint="compute them from what is strictly earlier, as HistoryFeatures does")


def _computed(compute: Callable[[pd.DataFrame], pd.DataFrame], rows: pd.DataFrame) -> pd.DataFrame:
    features = pd.DataFrame(compute(rows.copy()))
    if len(features) != len(rows):
        raise FeatureError(f"of {len(rows)} rows came features of {len(features)}", hint="each row has its features")
    return features.reset_index(drop=True)


def _shuffled(
    rows: pd.DataFrame, cut: pd.Timestamp, time: str, outcomes: Sequence[str], chance: np.random.Generator
) -> pd.DataFrame:
    changed = rows.copy()
    later = np.flatnonzero(rows[time] > cut)
    ends = np.flatnonzero(rows[time] >= cut)
    for name in rows:
        if name == time:
            continue
        places = ends if name in outcomes else later
        values = rows[name].iloc[places]
        # Shuffled values alone would leave a mean of the future as it is.
        drawn = values.iloc[chance.integers(0, len(values), len(values))]
        changed.loc[places, name] = drawn.to_numpy()
    return changed


def _differ(before: pd.DataFrame, after: pd.DataFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    columns = []
    for name in before:
        if name not in after:
            columns.append(np.ones(len(before), dtype=bool))
            continue
        one, other = before[name].reset_index(drop=True), after[name].reset_index(drop=True)
        both_missing = (one.isna() & other.isna()).to_numpy()
        if pd.api.types.is_numeric_dtype(one.dtype) and pd.api.types.is_numeric_dtype(other.dtype):
            same = np.isclose(one.to_numpy(dtype=float), other.to_numpy(dtype=float), rtol=1e-9, atol=1e-12)
        else:
            same = (one.astype(object) == other.astype(object)).to_numpy()
        columns.append(~(same | both_missing))
    return np.column_stack(columns)
