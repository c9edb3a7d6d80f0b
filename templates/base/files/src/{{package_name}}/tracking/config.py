"""The configuration group `tracking`: `conf/tracking.yaml`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ..config import ConfigModel

_SCHEMES = ("folder", "http", "https", "sqlite", "postgresql", "mysql", "mssql")


class TrackingConfig(ConfigModel):
    """Where runs and models are recorded."""

    uri: str = Field(
        default="folder:runs",
        description="A folder; or of MLflow a server or a database. A relative path is in the project's folder",
    )
    artifacts: Path = Field(
        default=Path("mlruns"), description="MLflow's folder for the files of runs, unless a server has them"
    )
    timeout: int = Field(default=10, ge=1, description="Seconds to wait for a server's answer")
    retries: int = Field(default=2, ge=0, description="How often a server is asked again")

    @field_validator("uri")
    @classmethod
    def _is_known(cls, uri: str) -> str:
        scheme = urlsplit(uri).scheme.partition("+")[0]
        if scheme not in _SCHEMES:
            raise ValueError(f"it must start with one of {', '.join(f'{name}:' for name in _SCHEMES)}")
        if scheme == "folder" and not urlsplit(uri).path:
            raise ValueError("folder: must be followed by the path of a folder, such as folder:runs")
        return uri
