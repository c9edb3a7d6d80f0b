"""Reading the splits that `data run` has written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .card import DataCard
from .errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Splits:
    """The three parts of a dataset, as pandas frames, and its card."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    card: DataCard


def load_splits(folder: Path) -> Splits:
    """Read a processed dataset.

    Parameters
    ----------
    folder
        Such as `data/processed/breast-cancer`.

    Raises
    ------
    DataError
        If a file is missing, damaged, or does not have the columns and rows of the card.
    """
    card = DataCard.read(folder)
    train, validation, test = (_read(folder / f"{name}.parquet", card, card.split.sizes[name]) for name in SPLITS)
    return Splits(train, validation, test, card)


def _read(path: Path, card: DataCard, rows: int) -> pd.DataFrame:
    import pandas as pd

    hint = "make the dataset anew with `data run`"
    try:
        frame = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing", hint=hint) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} can't be read: {error}", hint=hint) from error
    if list(frame.columns) != list(card.columns):
        raise DataError(f"{path} does not have the columns of its card", hint=hint)
    if len(frame) != rows:
        raise DataError(f"{path} has {len(frame)} rows, its card says {rows}", hint=hint)
    return frame
