"""Rows that transformers take which go by names and times of columns: frames, and no arrays of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .errors import FeatureError


def check_timed(rows: object, columns: Sequence[str], times: Sequence[str]) -> None:
    """Raise an error if rows are no frame, or lack columns, or their times a zone.

    Raises
    ------
    FeatureError
        If they do.
    """
    if not isinstance(rows, pd.DataFrame):
        hint = f"columns are found by name: give a DataFrame with {', '.join([*columns, *times]) or 'times'}"
        raise FeatureError(f"rows are given as {type(rows).__name__}, which names no columns", hint=hint)
    if absent := [name for name in (*columns, *times) if name not in rows]:
        hint = f"there are {', '.join(map(str, rows))}"
        raise FeatureError(f"there is no column {', '.join(absent)}", hint=hint)
    for name in times:
        if not isinstance(rows[name].dtype, pd.DatetimeTZDtype):
            raise FeatureError(f"{name} holds no times with a zone", hint="pd.to_datetime(…, utc=True) gives them")
