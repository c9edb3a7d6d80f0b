"""Parts of ``features.transformations`` for columns that are made of several others, or of times."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from ..config import ConfigModel


class HistoryConfig(ConfigModel):
    """What the past says of each row's key."""

    key: str = Field(default="", description="Column of whom a row belongs to; empty: no history")
    time: str = Field(default="", description="Column of when a row happened")
    values: tuple[str, ...] = Field(default=(), description="Columns of numbers, known when their row happened")
    lags: tuple[int, ...] = Field(default=(1,), description="How many rows back")
    windows: tuple[str, ...] = Field(default=("30d",), description="Spans before a row, such as 12h or 4w")
    statistics: tuple[Literal["mean", "sum", "std", "min", "max", "count"], ...] = Field(
        default=("mean", "count"), description="Of windows, and of all that came before"
    )
    expanding: bool = Field(default=True, description="Whether there are statistics of all that came before")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.key and not (self.time and self.values):
            raise ValueError("history of a key needs time and values")
        return self


class CalendarConfig(ConfigModel):
    """What times say by themselves."""

    columns: tuple[str, ...] = Field(default=(), description="Columns of times")
    periods: tuple[Literal["day", "week", "month", "year"], ...] = Field(
        default=("day", "week", "year"), description="Seasons, as waves"
    )
    harmonics: int = Field(default=1, ge=1, description="How many waves a season has")
    zone: str = Field(default="UTC", description="Whose clocks and days are meant, such as Europe/Berlin")
    country: str = Field(default="", description="Whose holidays are meant, such as DE; empty: none")


class GraphConfig(ConfigModel):
    """What a graph says of each row's node."""

    edges: Path | None = Field(default=None, description="Parquet of source, target, time and perhaps weight")
    node: str = Field(default="", description="Column of a row's node")
    time: str = Field(default="", description="Column of when a row happened")
    values: Path | None = Field(default=None, description="Parquet of node, time and value; neighbours' are summed up")
    every: str = Field(default="1d", description="How often the graph is described, such as 12h or 4w")
    statistics: tuple[Literal["mean", "count", "sum", "min", "max", "std"], ...] = Field(
        default=("mean", "count"), description="Of the values of neighbours"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.edges and not (self.node and self.time):
            raise ValueError("edges of a graph need node and time, the columns of rows")
        return self


class InteractionsConfig(ConfigModel):
    """Columns together, those that say most of the target."""

    numbers: tuple[str, ...] = Field(default=(), description="Columns of products, of ratios, and of groups' values")
    categories: tuple[str, ...] = Field(default=(), description="Columns that are crossed, and that group numbers")
    keep: int = Field(default=10, ge=1, description="How many interactions are kept, at most")
