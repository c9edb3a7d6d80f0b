"""The section ``llm.tuning``: what is tried."""

from __future__ import annotations

from pydantic import Field

from ...config import ConfigModel


class TuningConfig(ConfigModel):
    """Which settings of serving are tried, and how often each is measured."""

    p95_ms: float = Field(default=0, ge=0, description="Most milliseconds of 95 % of answers; 0 for no limit")
    prompts: int = Field(default=64, ge=8, description="Requests in a round")
    rounds: int = Field(default=3, ge=2, description="Rounds of each trial; of the last comparison, twice as many")
    least_gain: float = Field(default=0.03, ge=0, description="Smaller gains do not make a setting better")
    threads: tuple[int, ...] = Field(default=(), description="On a CPU; 1, 2, 4 … and all cores if empty")
    rows: tuple[int, ...] = Field(default=(4, 8, 16, 32, 64), description="Answers that are written at once")
    prefill_tokens: tuple[int, ...] = Field(default=(256, 1024, 4096), description="Of prompts, in one pass")
    lookup_tokens: tuple[int, ...] = Field(default=(0, 2, 4, 8), description="Tokens that are guessed ahead")
    contexts: tuple[int, ...] = Field(default=(), description="Most tokens of prompt and answer, of vLLM")
    drafts: tuple[str, ...] = Field(default=(), description="Models that guess ahead for vLLM")
    batched_tokens: tuple[int, ...] = Field(default=(0, 2048, 8192, 16384), description="In one pass of vLLM")
