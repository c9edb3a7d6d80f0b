"""The configuration group `tracking`: `conf/tracking.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from ..config import ConfigModel

_SCHEMES = ("folder", "http", "https", "sqlite", "postgresql", "mysql", "mssql")
_NOT_IN_NAMES = "/\\#?%:"
_MOST_NAME = 128


class WandbConfig(ConfigModel):
    """Weights & Biases, which gets settings and numbers of runs too."""

    project: str = Field(default="", description="Project there; nothing is sent if empty")
    entity: str = Field(default="", description="User or team there; that of the key if empty")
    mode: Literal["online", "offline"] = Field(
        default="online", description="Send at once, or write to files that `wandb sync` sends"
    )

    @field_validator("project")
    @classmethod
    def _is_a_name_there(cls, project: str) -> str:
        if len(project) > _MOST_NAME or any(character in project for character in _NOT_IN_NAMES):
            refused = " ".join(_NOT_IN_NAMES)
            raise ValueError(f"a project there has at most {_MOST_NAME} characters, and none of {refused}")
        return project


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
    wandb: WandbConfig = WandbConfig()

    @field_validator("uri")
    @classmethod
    def _is_known(cls, uri: str) -> str:
        scheme = urlsplit(uri).scheme.partition("+")[0]
        if scheme not in _SCHEMES:
            raise ValueError(f"it must start with one of {', '.join(f'{name}:' for name in _SCHEMES)}")
        if scheme == "folder" and not urlsplit(uri).path:
            raise ValueError("folder: must be followed by the path of a folder, such as folder:runs")
        return uri
