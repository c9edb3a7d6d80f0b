"""Purchases of real customers: those of CDNOW, an early shop for music, by all who first bought in early 1997.

The data come with the package `lifetimes`; Fader and Hardie (2001) describe them, doi:10.1287/inte.31.3s.94.9683.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...errors import first_line
from ..errors import FeatureError
from ..tables import write_table

PATH = Path("data/features/purchases.parquet")
DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_LAST = datetime(1998, 6, 30, tzinfo=UTC)
_COLUMNS = ["customer_id", "date", "discs", "amount"]


def read_purchases(now: datetime) -> pa.Table:
    """Read all purchases, moved by whole weeks so that the last day lies in the week before `now`.

    The file has days only: a purchase is stamped with the beginning of its day, and known when the day is over.

    Returns
    -------
    Table
        Of shape (69,659, 6): `customer_id`, `bought_at`, `known_at`, `discs`, `amount` in dollars, and `day`, which is
        `bought_at` once more, as a value that features can be made of.

    Raises
    ------
    FeatureError
        If the package with the data is not installed.
    """
    frame = pd.read_csv(_file(), sep=r"\s+", skiprows=1, names=_COLUMNS, dtype={"customer_id": "int64", "date": str})
    days = pd.to_datetime(frame["date"], format="%Y%m%d", utc=True) + moved_by(now)
    days = days.astype("datetime64[us, UTC]")
    columns = {
        "customer_id": frame["customer_id"],
        "bought_at": days,
        "known_at": days + DAY,
        "discs": frame["discs"].astype("int64"),
        "amount": frame["amount"].astype("float64"),
        "day": days,
    }
    ordered = pd.DataFrame(columns).sort_values(["bought_at", "customer_id"], kind="stable", ignore_index=True)
    return pa.Table.from_pandas(ordered, preserve_index=False)


def write_purchases(root: Path, now: datetime) -> pa.Table:
    """Write them to where their source is read from, below the project's folder.

    Those of an earlier call stay as they are: an online store that has them would not fit others.

    Raises
    ------
    FeatureError
        If the file of an earlier call can't be read.
    """
    path = root / PATH
    if path.exists():
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            hint = "delete it: it is written again"
            raise FeatureError(f"{PATH} can't be read: {first_line(error)}", hint=hint) from error
    table = read_purchases(now)
    write_table(table, path)
    return table


def moved_by(now: datetime) -> timedelta:
    """Give the whole weeks that dates are moved by, so that the day after the last is not after `now`."""
    return (now - DAY - _LAST) // _WEEK * _WEEK


def end_of_data(purchases: pa.Table) -> datetime:
    """Give the time at which all purchases are known."""
    end: datetime = pc.max(purchases["known_at"]).as_py()
    return end


def _file() -> Path:
    # The package is not imported: only its data are wanted, and it is old.
    found = find_spec("lifetimes")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "datasets" / "CDNOW_master.txt"
        if path.is_file():
            return path
    raise FeatureError("the purchases of the example are not installed", hint="install lifetimes: uv add lifetimes")
