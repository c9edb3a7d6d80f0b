"""The section ``features.engine``: what computes features over tables, and what it may use."""

from typing import Literal

from pydantic import Field

from ..config import ConfigModel


class EngineConfig(ConfigModel):
    """What computes features over tables."""

    type: Literal["duckdb", "polars", "spark", "snowflake"] = Field(default="duckdb", description="The engine")
    memory_limit: str = Field(
        default="4GB", pattern=r"^\d+(\.\d+)? ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$", description="Beyond it, rows go to disk"
    )
    threads: int | None = Field(default=None, ge=1, description="All cores if none is given")
    spark: dict[str, str] = Field(default={}, description="Settings of Spark, such as spark.master")
    spill: str = Field(default="data/features/spill", description="Folder for what memory does not hold")
