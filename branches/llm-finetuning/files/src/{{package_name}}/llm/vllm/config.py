"""The section ``llm.vllm``: what vLLM is started with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ...config import ConfigModel


class VllmConfig(ConfigModel):
    """How vLLM is started. Rows and the longest context come from ``llm.serving``, as for the other back end."""

    command: tuple[str, ...] = Field(default=("vllm",), min_length=1, description="The program, and words before serve")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(default="auto", description="Of the weights")
    tensor_parallel: int = Field(default=1, ge=1, description="GPUs that share each layer")
    pipeline_parallel: int = Field(default=1, ge=1, description="GPUs that share the layers")
    gpu_memory: float = Field(default=0.9, gt=0, le=1, description="Share of a GPU's memory that is taken")
    batched_tokens: int = Field(default=0, ge=0, description="Most tokens in one pass; 0 leaves it to vLLM")
    prefix_cache: bool = Field(default=True, description="Keep what prompts that begin alike have in common")
    adapters: dict[str, str] = Field(default={}, description="Further adapters on the base model, by the names to use")
    draft: str = Field(default="", description="Smaller model that guesses ahead: a checkpoint, a folder or an id")
    draft_tokens: int = Field(default=4, ge=1, le=16, description="Tokens that it guesses in one go")
    speculation: dict[str, Any] = Field(default={}, description="Speculative decoding, as vLLM's configuration has it")
    flags: tuple[str, ...] = Field(default=(), description="Further words for its command line, as they are")
    start_seconds: float = Field(default=900, gt=0, description="Until when it must answer")
    restarts: int = Field(default=3, ge=0, description="How often it is started again where it dies")
    fallback: bool = Field(default=False, description="Answer with transformers where vLLM is missing or has died")
