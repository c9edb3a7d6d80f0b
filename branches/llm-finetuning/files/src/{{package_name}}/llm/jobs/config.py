"""Settings of training jobs."""

from __future__ import annotations

from pydantic import Field

from ...config import ConfigModel


class JobsConfig(ConfigModel):
    """How the service trains."""

    queue: int = Field(default=8, ge=1, description="Most trainings that wait; more are refused with 429")
    stop_seconds: float = Field(default=20, gt=0, description="How long a training that is cancelled may take to end")
    check_seconds: float = Field(default=120, gt=0, description="How long a check without training may take")
