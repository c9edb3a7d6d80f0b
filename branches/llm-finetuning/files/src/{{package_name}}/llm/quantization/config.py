"""Settings of quantisation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...config import ConfigModel

MethodName = Literal["int8", "int8-dynamic", "int4", "int4-dynamic"]


class QuantizationConfig(ConfigModel):
    """How a model is made smaller, and how what that costs is measured."""

    method: MethodName = Field(default="int8", description="What `llm quantize` makes, if it isn't told")
    group_size: int = Field(default=32, ge=8, description="Weights of a row that share a scale, in four bits")
    precision: Literal["single", "bfloat16", "float16"] = Field(
        default="single", description="Type of scales, norms and activations"
    )
    timed_questions: int = Field(default=20, ge=3, description="Questions that are timed, one at a time")
