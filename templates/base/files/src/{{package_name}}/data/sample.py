"""Sample data: real measurements that come with scikit-learn, written to CSV with faults for the checks to find."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes

from .errors import DataError


def write_samples(
    folder: Path, *, seed: int = 0, force: bool = False, only: Collection[Path] | None = None
) -> dict[Path, int]:
    """Write `breast_cancer.csv` (classification) and `diabetes.csv` (regression).

    Every file has rows that are there twice, text where numbers belong, numbers out of range, and gaps. The same seed
    gives the same files.

    Parameters
    ----------
    only
        The files that are wanted, if not all are.

    Returns
    -------
    dict of Path to int
        The rows of each file.

    Raises
    ------
    DataError
        If a file is there already and `force` is not set.
    """
    made: dict[str, Callable[[], tuple[pd.DataFrame, str]]] = {"breast_cancer": _breast_cancer, "diabetes": _diabetes}
    paths = {name: folder / f"{name}.csv" for name in made}
    wanted = {name: path for name, path in paths.items() if only is None or path in only}
    for path in wanted.values():
        if path.exists() and not force:
            raise DataError(f"{path} is there already", hint="overwrite it with --force")
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[Path, int] = {}
    for name, path in wanted.items():
        frame, spoiled = made[name]()
        frame = _spoil(frame, spoiled, np.random.default_rng(seed))
        frame.to_csv(path, index=False)
        rows[path] = len(frame)
    return rows


def _breast_cancer() -> tuple[pd.DataFrame, str]:
    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    frame.insert(0, "sample_id", range(1, len(frame) + 1))
    frame["diagnosis"] = np.asarray(bunch.target_names)[bunch.target]
    return frame, "mean_radius"


def _diabetes() -> tuple[pd.DataFrame, str]:
    bunch = load_diabetes(as_frame=True, scaled=False)
    frame = bunch.data.rename(columns={"bp": "blood_pressure"})
    frame.insert(0, "patient_id", range(1, len(frame) + 1))
    frame["sex"] = frame["sex"].map({1: "group_1", 2: "group_2"})
    frame["progression"] = bunch.target
    return frame, "bmi"


def _spoil(frame: pd.DataFrame, column: str, random: np.random.Generator) -> pd.DataFrame:
    """Plant faults in about 6 % of the rows: each kind in rows of its own."""
    rows = random.permutation(len(frame))
    each = max(1, len(frame) // 70)
    text, range_, gaps, doubled = (rows[start * each : (start + 1) * each] for start in range(4))
    spoiled = frame.astype({column: object})
    place = spoiled.columns.get_loc(column)
    spoiled.iloc[text, place] = "unknown"
    spoiled.iloc[range_, place] = -999.0
    spoiled.iloc[gaps, place] = None
    return pd.concat([spoiled, spoiled.iloc[doubled]], ignore_index=True)
