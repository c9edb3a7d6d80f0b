"""Settings of quantisation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...config import ConfigModel

MethodName = Literal[
    "int8",
    "int8-dynamic",
    "int4",
    "int4-dynamic",
    "int4-qat",
    "pruned-int8",
    "bnb-int8",
    "nf4",
    "gptq",
    "awq",
    "gptqmodel",
]
AUTO = "auto"


class RecoveryConfig(ConfigModel):
    """How a smaller model learns to answer as the whole one did."""

    steps: int = Field(default=200, ge=1, description="Steps, each on one batch")
    batch_size: int = Field(default=16, ge=1, description="Rows of a batch")
    learning_rate: float = Field(default=5e-4, gt=0, description="Highest, after a tenth of the steps")


class QuantizationConfig(ConfigModel):
    """How a model is made smaller, and how what that costs is measured."""

    method: Literal["auto", MethodName] = Field(
        default="int8", description="What `llm quantize` makes, if it isn't told; auto tries all and chooses"
    )
    candidates: tuple[MethodName, ...] = Field(
        default=("int8", "int8-dynamic", "int4", "int4-dynamic"), min_length=1, description="What auto tries"
    )
    group_size: int = Field(default=32, ge=8, description="Weights of a row that share a scale, in four bits")
    pruned_share: float = Field(
        default=0.25, gt=0, lt=1, description="Share of the layers that pruning leaves out, at least one"
    )
    calibration_rows: int = Field(
        default=64, ge=1, description="Rows of the training split that show what layers are given"
    )
    analysed_rows: int = Field(default=32, ge=1, description="Rows kept from training that errors are shown on")
    compressor: str = Field(
        default="llmcompressor==0.14.0.1", description="What quantises with gptq and awq, in an environment of its own"
    )
    gptqmodel: str = Field(
        default="gptqmodel==7.7.0", description="What quantises with gptqmodel, in an environment of its own"
    )
    converter: tuple[str, ...] = Field(
        default=(),
        description="Command of llama.cpp's convert_hf_to_gguf.py, in parts; looked for on the PATH if empty",
    )
    recovery: RecoveryConfig = RecoveryConfig()
    precision: Literal["single", "bfloat16", "float16"] = Field(
        default="single", description="Type of scales, norms and activations"
    )
    timed_questions: int = Field(default=20, ge=3, description="Questions that are timed, one at a time")
    max_loss_points: float = Field(
        default=2.0, ge=0, lt=100, description="Most points of right answers that auto may lose"
    )
    max_size_mb: float = Field(default=0, ge=0, description="Most megabytes of weights for auto; 0 for any")
    max_latency_ms: float = Field(default=0, ge=0, description="Most milliseconds an answer for auto; 0 for any")
