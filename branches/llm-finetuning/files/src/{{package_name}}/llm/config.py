"""The configuration group ``llm``: ``conf/llm/{model,data,quality,generation,training,evaluation}.yaml``."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from ..config import ConfigModel


class ModelConfig(ConfigModel):
    """What is tuned, and where it runs."""

    base_model: str = Field(default="package:tiny_base/model", description="The shipped model, a hub id, or a folder")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(default="auto", description="Where models run")
    precision: Literal["single", "saved"] = Field(default="single", description="Precision of the weights in training")


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


class GenerationConfig(ConfigModel):
    """The language model that writes question-answer pairs, if one is asked to."""

    url: str = Field(default="", description="OpenAI-compatible address, such as http://127.0.0.1:8080/v1")
    model: str = Field(default="", description="Name of the model there")
    questions: int = Field(default=3, ge=1, le=20, description="Most questions about one passage")
    max_tokens: int = Field(default=1000, ge=50, description="Most tokens in one answer")
    temperature: float = Field(default=0.0, ge=0, le=2, description="How freely it writes")
    max_cost: float = Field(default=1.0, ge=0, description="Most that one run may cost; 0 for no limit")
    prompt_price: float = Field(default=0.0, ge=0, description="Price of a million tokens sent")
    completion_price: float = Field(default=0.0, ge=0, description="Price of a million tokens received")
    concurrency: int = Field(default=4, ge=1, le=64, description="Requests under way at once")
    timeout: float = Field(default=120, gt=0, description="Seconds until an answer must be whole")
    retries: int = Field(default=5, ge=0, le=20, description="Tries more while the endpoint is busy or away")


class TrainingConfig(ConfigModel):
    """How the adapter, or the whole model, is trained."""

    name: str = Field(default="documents-qa", description="Name of the checkpoints")
    method: Literal["lora", "full"] = Field(default="lora", description="Train an adapter, or every weight")
    lora_rank: int = Field(default=16, ge=1, description="Rank of the adapter's matrices")
    lora_alpha: int = Field(default=32, ge=1, description="Scale of the adapter: alpha / rank")
    lora_dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout in front of the adapter")
    epochs: float = Field(default=6.0, gt=0, description="Passes over the training pairs")
    batch_size: int = Field(default=16, ge=1, description="Rows in one step on one device")
    gradient_accumulation: int = Field(default=1, ge=1, description="Batches that make one optimiser step")
    learning_rate: float = Field(default=2e-3, gt=0, description="Highest learning rate")
    warmup: float = Field(default=0.05, ge=0, lt=1, description="Share of the steps in which the learning rate rises")
    weight_decay: float = Field(default=0.0, ge=0, description="Weight decay of AdamW")
    max_length: int = Field(default=256, ge=16, description="Most tokens in one row; a longer row is an error")
    activation_checkpointing: bool = Field(
        default=False, description="Compute activations twice: less memory, more time"
    )
    evaluations: int = Field(default=8, ge=1, description="How often the validation loss is taken")
    seed: int = Field(default=0, ge=0, description="Seed of splits, batches and weights")


class EvaluationConfig(ConfigModel):
    """How answers are generated and scored."""

    batch_size: int = Field(default=64, ge=1, description="Questions answered at once")
    max_new_tokens: int = Field(default=24, ge=1, description="Most tokens in an answer")
    max_questions: int = Field(default=0, ge=0, description="Questions asked of a split, 0 for all")


class LLMConfig(ConfigModel):
    """The whole group."""

    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    quality: QualityConfig = QualityConfig()
    generation: GenerationConfig = GenerationConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
