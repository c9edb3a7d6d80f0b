"""Settings of the models that are served."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from ...config import ConfigModel

Profile = Literal["saved", "bfloat16", "int8", "int8-dynamic"]


class ModelsConfig(ConfigModel):
    """Which models are served beside `llm.serving.checkpoint`, and what memory they may take."""

    served: tuple[str, ...] = Field(default=(), description="Checkpoints that are served too, such as name@v1.0.0")
    on_demand: bool = Field(default=False, description="Serve every checkpoint of the project, by its name")
    memory_gb: float = Field(default=0, ge=0, description="Most GiB that models may take; 0 for memory_share")
    memory_share: float = Field(default=0.8, gt=0, le=1, description="Most of the device's memory that they may take")
    drain_seconds: float = Field(
        default=60, ge=0, description="How long a model that is unloaded or replaced may finish its answers"
    )
    profiles: tuple[Profile, ...] = Field(
        default=("saved", "int8"), min_length=1, description="How models are loaded, the best first; others save memory"
    )
    share_bases: bool = Field(
        default=False, description="Keep the base of several adapters in memory once; each token takes longer"
    )
    reserve_share: float = Field(
        default=0.05, ge=0, lt=1, description="Share of the device's memory that is kept free by smaller models"
    )
    recover_share: float = Field(
        default=0.15, gt=0, le=1, description="Share that must be free before a model gets better again"
    )
    settle_seconds: float = Field(default=60, ge=0, description="Least time from one such change until it gets better")
    watch_seconds: float = Field(default=5, ge=0, description="How often memory is looked at; 0 for never")

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if self.recover_share <= self.reserve_share:
            raise ValueError("recover_share must be above reserve_share, or models would change to and fro")
        if self.share_bases and self.profiles[0] != "saved":
            raise ValueError("share_bases needs saved as the first of profiles: what is made smaller is not shared")
        if len(set(self.profiles)) < len(self.profiles):
            raise ValueError("profiles must differ")
        return self
