"""What is known of a dataset after a run, written beside its splits as `card.json`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import DataError

ColumnType = Literal["integer", "float", "boolean", "category", "text", "date", "datetime"]
Role = Literal["feature", "target", "key", "group", "time"]
Task = Literal["classification", "regression"]

CARD = "card.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnProfile(_Part):
    """One column of the training split.

    Attributes
    ----------
    dtype
        The type that the column has after cleaning.
    role
        What the column is for. Only a `feature` reaches a model; a `time` is a feature too where it is a date.
    distinct
        Different values that are not null, estimated above 100,000 rows.
    min, max
        Of numbers as they are, of dates as ISO text.
    mean
        Of numbers and booleans.
    not_future
        Whether a date after the present one is refused, at prediction too.
    """

    dtype: ColumnType
    role: Role = "feature"
    nulls: int
    distinct: int
    min: float | str | None = None
    max: float | str | None = None
    mean: float | None = None
    not_future: bool = False


class SplitRecord(_Part):
    """How rows were divided."""

    method: str
    seed: int
    sizes: dict[str, int]


class Step(_Part):
    """One step of cleaning, and how many values or rows it changed."""

    name: str
    changed: int


class DataCard(_Part):
    """Profile, origin and history of a dataset.

    Attributes
    ----------
    input_sha256
        Of the bytes that were read: two runs with one hash had the same input.
    source_sha256, labelled_sha256
        Of the source alone, and of the file of labelled predictions alone, if there was one; the hash above has both.
    rows
        In all splits together.
    quarantined
        Rows that were refused; `quarantine.parquet` has them, with the reasons.
    created
        When the run ended, in UTC.
    """

    name: str
    input_sha256: str
    source_sha256: str | None = None
    labelled_sha256: str | None = None
    rows: int
    columns: dict[str, ColumnProfile] = Field(description="Profile of the training split")
    target: str
    task: Task
    split: SplitRecord
    steps: list[Step]
    quarantined: int
    created: datetime

    @classmethod
    def read(cls, folder: Path) -> DataCard:
        """Read the card of a folder that `data run` has written.

        Raises
        ------
        DataError
            If there is no card, or it is damaged.
        """
        path = folder / CARD
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise DataError(f"{folder} holds no {CARD}", hint="make the dataset with `data run`") from error
        except OSError as error:
            raise DataError(f"{path} can't be read: {error.strerror}") from error
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(str(part) for part in fault["loc"])
            message = f"{path} is damaged: {where}: {fault['msg']}" if where else f"{path} is damaged: {fault['msg']}"
            raise DataError(message, hint="make the dataset anew with `data run`") from error

    def of_role(self, *roles: Role) -> list[str]:
        """Name the columns that have one of these roles."""
        return [name for name, column in self.columns.items() if column.role in roles]
