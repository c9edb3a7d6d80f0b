"""Settings of retrieval."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ...config import ConfigModel

MethodName = Literal["bm25", "dense", "hybrid"]


class RagConfig(ConfigModel):
    """How passages are found for a question, and how that is measured."""

    method: MethodName = Field(default="bm25", description="Rank by words, by meaning, or by both")
    passages: int = Field(default=1, ge=1, le=100, description="Passages that a model is shown with a question")
    fusion_constant: int = Field(default=60, ge=1, description="k of reciprocal rank fusion, for hybrid")
    candidates: int = Field(default=100, ge=1, description="Best passages of each ranking that hybrid fuses")
    cutoffs: tuple[int, ...] = Field(
        default=(1, 3, 5, 10), min_length=1, description="Ranks up to which recall and nDCG are taken"
    )
    name_subject: bool = Field(
        default=True, description="Search with a document's title where its question is asked of others too"
    )

    @field_validator("cutoffs")
    @classmethod
    def _are_ranks(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if min(value) < 1:
            raise ValueError("a rank is 1 or more")
        return tuple(sorted(set(value)))
