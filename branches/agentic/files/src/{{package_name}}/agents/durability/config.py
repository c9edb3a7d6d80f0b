"""The section ``agentic.durability``."""

from pathlib import Path

from pydantic import Field, SecretStr

from ...config import ConfigModel


class DurabilityConfig(ConfigModel):
    """Where runs are kept so that they go on after a crash."""

    folder: Path = Field(default=Path("data/agents"), description="Folder of the databases of runs, below the project")
    database_url: SecretStr = Field(
        default=SecretStr(""), description="PostgreSQL that several machines share; files of the folder if empty"
    )
    keep_days: float | None = Field(
        default=30, gt=0, le=36_500, description="Days after which runs that ended are dropped; null keeps all"
    )
