"""The section ``agentic.sandbox``."""

from typing import Literal

from pydantic import Field

from ...config import ConfigModel

TierChoice = Literal["auto", "none", "limits", "kernel", "namespaces", "container"]


class SandboxConfig(ConfigModel):
    """How Python that agents write is kept apart; its time, memory and imports stand in `agentic.tools`."""

    tier: TierChoice = Field(default="auto", description="How code is isolated; auto is the best that works here")
    disk_mb: int = Field(default=64, ge=1, description="Megabytes that it may write")
    output_kb: int = Field(default=64, ge=1, description="Kilobytes that it may print")
    result_mb: int = Field(default=64, ge=1, description="Megabytes of data frames and plots that it may give")
    threads: int = Field(default=2, ge=1, description="Threads that numerical libraries use in it")
    container_engine: str = Field(default="", description="docker or podman; the first that answers if empty")
    container_image: str = Field(default="", description="Image with Python and the packages, of the tier container")
