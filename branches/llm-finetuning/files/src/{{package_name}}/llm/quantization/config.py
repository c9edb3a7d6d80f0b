"""Settings of quantisation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...config import ConfigModel

MethodName = Literal["int8", "int8-dynamic", "int4", "int4-dynamic"]
AUTO = "auto"


class QuantizationConfig(ConfigModel):
    """How a model is made smaller, and how what that costs is measured."""

    method: Literal["auto", MethodName] = Field(
        default="int8", description="What `llm quantize` makes, if it isn't told; auto tries all and chooses"
    )
    group_size: int = Field(default=32, ge=8, description="Weights of a row that share a scale, in four bits")
    precision: Literal["single", "bfloat16", "float16"] = Field(
        default="single", description="Type of scales, norms and activations"
    )
    timed_questions: int = Field(default=20, ge=3, description="Questions that are timed, one at a time")
    max_loss_points: float = Field(
        default=2.0, ge=0, lt=100, description="Most points of right answers that auto may lose"
    )
    max_size_mb: float = Field(default=0, ge=0, description="Most megabytes of weights for auto; 0 for any")
    max_latency_ms: float = Field(default=0, ge=0, description="Most milliseconds an answer for auto; 0 for any")
