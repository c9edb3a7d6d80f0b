"""The sections ``llm.data``, ``llm.quality``, and those of language models that are asked for JSON."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...config import ConfigModel


class DataConfig(ConfigModel):
    """How documents become pairs, and pairs become splits."""

    documents: Path = Field(default=Path("data/documents"), description="Folder of documents")
    encoding: str = Field(default="", description="Encoding of texts that are not Unicode, such as cp1252")
    max_megabytes: float = Field(default=64, gt=0, description="Larger documents are skipped")
    mask_private: bool = Field(default=True, description="Mask personal data and secrets in documents")
    questions_per_fact: int = Field(default=1, ge=1, le=2, description="2 asks each fact as a blank to fill in too")
    max_sentences: int = Field(default=3, ge=1, le=10, description="Most sentences or lines in one passage")
    validation: float = Field(default=0.1, gt=0, lt=1, description="Share of the pairs for validation")
    test: float = Field(default=0.2, gt=0, lt=1, description="Share of the pairs for the test")

    split_by: Literal["document", "topic"] = Field(default="document", description="What stays in one split")

    @model_validator(mode="after")
    def _leaves_training_documents(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test must leave a share for training: together they must be below 1")
        return self


class QualityConfig(ConfigModel):
    """What is asked of question-answer pairs."""

    min_score: float = Field(default=0.5, ge=0, le=1, description="Least score of a pair that is trained on")
    similarity: float = Field(default=0.8, ge=0.75, le=1, description="From where two pairs are near-duplicates")
    max_answer_words: int = Field(default=200, ge=1, description="Most words in an answer")
    language: str = Field(default="", description="Code of the only language that is let in, such as en; any if empty")


class LanguageModelConfig(ConfigModel):
    """A language model that is asked for JSON; each section says of what there are so many questions."""

    section: ClassVar[str]

    questions: int
    url: str = Field(default="", description="OpenAI-compatible address; if empty, the model is loaded here")
    model: str = Field(default="", description="Its name there; here a checkpoint, a folder, or an id on the hub")
    max_tokens: int = Field(default=1000, ge=50, description="Most tokens in one answer")
    temperature: float = Field(default=0.0, ge=0, le=2, description="How freely it writes")
    max_cost: float = Field(default=1.0, ge=0, description="Most that one run may cost; 0 for no limit")
    max_total_tokens: int = Field(default=0, ge=0, description="Most tokens that one run may take; 0 for no limit")
    prompt_price: float = Field(default=0.0, ge=0, description="Price of a million tokens sent")
    completion_price: float = Field(default=0.0, ge=0, description="Price of a million tokens received")
    concurrency: int = Field(default=4, ge=1, le=64, description="Requests under way at once")
    timeout: float = Field(default=120, gt=0, description="Seconds until an answer must be whole")
    retries: int = Field(default=5, ge=0, le=20, description="Tries more while the endpoint is busy or away")


class GenerationConfig(LanguageModelConfig):
    """The language model that writes question-answer pairs, if one is asked to."""

    section = "llm.generation"

    questions: int = Field(default=3, ge=1, le=20, description="Most questions about one passage")


class JudgeConfig(LanguageModelConfig):
    """The language model that says which of two answers is better."""

    section = "llm.judge"

    questions: int = Field(default=0, ge=0, description="Most questions that are judged; 0 for all of them")
    show_expected: bool = Field(default=True, description="Show it what was expected")
    least_difference: float = Field(default=0.1, gt=0, lt=1, description="Smaller differences do not matter")
