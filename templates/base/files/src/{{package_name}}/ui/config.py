"""The configuration group `ui`: `conf/ui.yaml`."""

from __future__ import annotations

from pydantic import Field

from ..config import ConfigModel


class UiConfig(ConfigModel):
    """The pages under /ui."""

    enabled: bool = Field(default=True, description="Whether the service has pages")
    session_hours: float = Field(default=12, gt=0, description="How long a browser stays logged in")
    runs: int = Field(default=200, ge=1, description="Most runs that are listed, the newest first")
