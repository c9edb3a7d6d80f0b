"""The section ``agentic.jobs``."""

from pydantic import Field, SecretStr

from ...config import ConfigModel


class JobsConfig(ConfigModel):
    """How tasks that were given to the service are done."""

    workers: int = Field(
        default=2, ge=0, description="Processes that the service starts; 0 if `agents work` runs apart"
    )
    concurrency: int = Field(default=8, ge=1, description="Tasks that one process does at a time; mostly they wait")
    lease_seconds: float = Field(default=30, gt=1, description="After it, another worker takes the task of a dead one")
    attempts: int = Field(default=5, ge=1, description="How often a task may be begun whose workers die")
    most_waiting: int = Field(default=10_000, ge=1, description="Tasks that may wait; more are refused")
    queue_url: SecretStr = Field(
        default=SecretStr(""), description="Redis that holds the queue; the database of runs if empty"
    )
