"""The configuration group `data`: `conf/data.yaml`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from ..config import ConfigModel
from .card import ColumnType, Task

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]
Bound = int | float | str | None

_ORDERED = ("integer", "float", "date", "datetime")
_DATES = ("date", "datetime")
_NUMBERS = ("integer", "float")


class ColumnConfig(ConfigModel):
    """What one column holds. A row that breaks a rule goes into quarantine; clip, fill and factor change values."""

    type: ColumnType = Field(description="What a value is; one that can't be read as that breaks the rule `type`")
    nullable: bool = Field(default=True, description="Whether a value may be missing")
    range: tuple[Bound, Bound] | None = Field(
        default=None, description="Least and greatest value, null for no limit; `now` stands for the time of the run"
    )
    not_future: bool = Field(default=False, description="Whether a date after the run, or a prediction, is refused")
    allowed: list[int | float | str] | None = Field(default=None, description="The only values that may be there")
    pattern: str | None = Field(default=None, description="Regular expression that the whole text matches")
    unique: bool = Field(default=False, description="Whether a value may be there only once; the first row has it")
    factor: float = Field(default=1.0, description="What numbers are multiplied by, to change their unit")
    offset: float = Field(default=0.0, description="What is added to numbers after the factor")
    clip: tuple[float | None, float | None] | None = Field(
        default=None, description="Limits that greater and smaller numbers are set to, after the range is checked"
    )
    fill: int | float | str | bool | None = Field(default=None, description="What a missing value becomes")

    @model_validator(mode="after")
    def _fits_the_type(self) -> Self:
        number_only = [name for name in ("factor", "offset", "clip") if name in self.model_fields_set]
        if number_only and self.type not in _NUMBERS:
            raise ValueError(f"{number_only[0]} is for numbers, and the type is {self.type}")
        if self.type == "integer" and (self.factor != 1 or self.offset):
            raise ValueError("factor and offset make fractions: the type must be float")
        if self.range is not None and self.type not in _ORDERED:
            raise ValueError(f"range is for numbers and dates, and the type is {self.type}")
        if self.not_future and self.type not in _DATES:
            raise ValueError(f"not_future is for dates, and the type is {self.type}")
        if self.pattern is not None and self.type not in {"text", "category"}:
            raise ValueError(f"pattern is for text, and the type is {self.type}")
        for name, limits in (("range", self.range), ("clip", self.clip)):
            low, high = limits or (None, None)
            if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
                raise ValueError(f"the {name} goes from {low} to {high}: the smaller value stands first")
        for bound in self.range or ():
            self._check_bound(bound)
        return self

    def _check_bound(self, bound: Bound) -> None:
        if bound is None or (self.type not in _NUMBERS and bound == "now"):
            return
        if isinstance(bound, str) == (self.type in _NUMBERS):
            raise ValueError(f"the range of a column of the type {self.type} can't have the limit {bound!r}")
        if isinstance(bound, str):
            datetime.fromisoformat(bound)


class SplitConfig(ConfigModel):
    """How rows are divided into training, validation and test."""

    method: Literal["random", "stratified", "group", "time", "hash"] = Field(
        default="random",
        description="stratified keeps the classes' shares, group keeps a group together, time tests on the latest;"
        " with hash a row keeps its split when the source grows",
    )
    column: str | None = Field(default=None, description="The group, or the time; for stratified the target if null")
    validation: float = Field(default=0.2, gt=0, lt=1, description="Share of the rows for validation")
    test: float = Field(default=0.2, gt=0, lt=1, description="Share of the rows for the test")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Seed of the division")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test must leave a share for training: together they must be below 1")
        if self.method in {"group", "time"} and self.column is None:
            raise ValueError(f"a split by {self.method} needs a column")
        if self.method == "hash" and self.column is not None:
            raise ValueError("a split by hash takes no column: it is drawn from the key of a row")
        return self


class FeatureConfig(ConfigModel):
    """How columns become features."""

    scale: bool = Field(default=True, description="Whether numbers get mean 0 and deviation 1")
    clip_quantile: float = Field(default=0.0, ge=0, lt=0.5, description="Share of outliers limited at either end")
    max_categories: int = Field(default=50, ge=2, description="Most features of one category column")
    text_features: int = Field(default=200, ge=1, description="Most words of one text column")
    transformers: dict[str, list[str]] = Field(default={}, description="Columns by the plugin that transforms them")


class DatasetConfig(ConfigModel):
    """Where a dataset comes from, what it must look like, and how it is divided."""

    source: str = Field(description="A file, a folder of files, or for SQL the address of a database")
    reader: str = Field(default="auto", description="A reader by name; auto chooses by the ending of the source")
    options: dict[str, Any] = Field(default={}, description="What the reader takes, such as separator or query")
    target: str = Field(description="The column to predict")
    task: Task = Field(description="classification or regression")
    columns: dict[str, ColumnConfig] = Field(
        default={}, description="The schema; `data profile` proposes one. Other columns are left out"
    )
    missing: list[str] = Field(
        default=["", "NA", "N/A", "NaN", "nan", "null", "NULL"], description="Texts that mean nothing is there"
    )
    rules: dict[Name, str] = Field(
        default={},
        description="What holds between the columns of a row, as SQL by name: {ends_after_start: start <= end}",
    )
    key: list[str] = Field(default=[], description="Columns that name a row: of rows with one key the first is kept")
    duplicates: Literal["drop", "keep"] = Field(default="drop", description="What becomes of rows that are all alike")
    max_quarantined: float = Field(default=0.1, ge=0, le=1, description="Share of bad rows above which a run fails")
    split: SplitConfig = SplitConfig()

    @property
    def keys(self) -> list[str]:
        """The columns that tell rows apart: the key, and those that are unique."""
        unique = (name for name, column in self.columns.items() if column.unique)
        return list(dict.fromkeys([*self.key, *unique]))

    @model_validator(mode="after")
    def _names_its_columns(self) -> Self:
        if not self.columns:
            return self
        named = {"target": [self.target], "key": self.key, "split.column": [self.split.column or self.target]}
        for option, columns in named.items():
            for column in columns:
                if column not in self.columns:
                    raise ValueError(f"{option} names {column!r}, which is not among the columns")
        return self


class DataConfig(ConfigModel):
    """All datasets, and how columns become features."""

    processed: Path = Field(default=Path("data/processed"), description="Folder of the datasets that runs make")
    datasets: dict[Name, DatasetConfig] = Field(default={}, description="The datasets by name")
    features: FeatureConfig = FeatureConfig()
