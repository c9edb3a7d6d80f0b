"""The section ``features.batch``: tables of features that grow with their sources."""

from typing import Literal

from pydantic import Field

from ..config import ConfigModel


class BatchConfig(ConfigModel):
    """Tables of features."""

    tables: str = Field(default="data/features/tables", description="Folder of the tables, below the project's")
    delta: str = Field(default="", description="Folder for the same as Delta tables; none are written if empty")
    applied: str = Field(default="data/features/applied.json", description="File with the definitions that hold")
    every_hours: float = Field(default=24, gt=0, description="Hours between the times that a table has values of")
    chunk_rows: int = Field(default=500_000, ge=1, description="Rows that are computed at once")
    backend: Literal["local", "dask", "ray"] = Field(default="local", description="Where times are computed at once")
    backend_address: str | None = Field(
        default=None, description="Of a cluster of Dask or Ray; one is started on this machine if none is given"
    )
    jobs: int = Field(default=1, ge=1, description="Processes on this machine, for local")
    set_aside: str = Field(
        default="data/features/set_aside", description="Folder for rows of sources that could not be used"
    )
