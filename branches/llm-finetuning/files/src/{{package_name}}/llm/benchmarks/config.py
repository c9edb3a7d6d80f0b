"""Settings of the benchmark suite."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ...config import ConfigModel

Backend = Literal["engine", "static", "generate"]
Share = Annotated[float, Field(gt=0, le=2)]


class SizeConfig(ConfigModel):
    """How much is asked."""

    prompts: int = Field(ge=2, description="Different prompts")
    rounds: int = Field(ge=2, description="Times that each prompt is asked, all that is compared by turns")
    seconds: float = Field(gt=0, description="How long each rate of load is kept up")
    soak_minutes: float = Field(ge=0, description="How long memory is watched under load; 0 for not")


class BenchmarksConfig(ConfigModel):
    """How speed is measured, and when it is too little."""

    quick: SizeConfig = SizeConfig(prompts=8, rounds=6, seconds=3, soak_minutes=0.2)
    full: SizeConfig = SizeConfig(prompts=32, rounds=20, seconds=20, soak_minutes=10)
    backends: tuple[Backend, ...] = Field(
        default=("engine", "static", "generate"), description="What the first model is served by, beside each other"
    )
    clients: int = Field(default=16, ge=1, le=1024, description="Clients that ask at the same time for the throughput")
    max_tokens: int = Field(default=24, ge=2, description="Most tokens of an answer")
    loads: tuple[Share, ...] = Field(
        default=(0.25, 0.5, 0.75), description="Rates of the load, as shares of the throughput"
    )
    p99_ms: float = Field(
        default=0, ge=0, description="Most milliseconds of 99 % of requests; 0 for ten times what 95 % take unloaded"
    )
    errors: float = Field(default=0.01, ge=0, lt=1, description="Most requests that may fail")
    timeout_seconds: float = Field(default=30, gt=0, description="Until when an answer must be whole")
    noise: float = Field(default=0.2, gt=0, lt=1, description="Smaller differences to the last run do not matter")
    level: float = Field(default=0.95, gt=0.5, lt=1, description="Of intervals")
    seed: int = Field(default=0, ge=0, description="Seed of prompts and arrivals")
