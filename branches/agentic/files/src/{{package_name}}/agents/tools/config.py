"""The section ``agentic.tools``."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from ...config import ConfigModel

Isolation = Literal["none", "limits", "kernel", "namespaces"]


class ToolsConfig(ConfigModel):
    """Which tools there are, and their limits."""

    enable_code_execution: bool = Field(default=False, description="Whether agents may run Python that they write")
    sandbox_timeout: float = Field(default=30, gt=0, description="Seconds that such code may run")
    allowed_imports: list[str] = Field(
        default_factory=lambda: ["pandas", "numpy", "sklearn"], description="Packages that it may import"
    )
    min_isolation: Isolation = Field(default="kernel", description="Least isolation; below it code is refused")
    memory_mb: int = Field(default=1_024, ge=64, description="Memory that such code may use")
    work_folder: Path = Field(default=Path("data/agents/work"), description="Folder of the files that agents write")
    timeout: float = Field(default=120, gt=0, description="Seconds that a tool may take")
    max_output: int = Field(default=20_000, ge=200, description="Characters of a tool's output that a model is shown")
    max_arguments: int = Field(default=100_000, ge=100, description="Characters that the arguments of a call may have")
    max_rows: int = Field(default=200, ge=1, description="Most rows that a query gives")
    query_memory_mb: int = Field(default=512, ge=64, description="Memory that a query may use")
    query_seconds: float = Field(default=60, gt=0, description="Seconds that a query may take")
    allowed_hosts: list[str] = Field(default_factory=list, description="Hosts that tools may ask over HTTP")
