"""The section ``features.transformations``: how columns of a training set become numbers."""

from typing import Literal

from pydantic import Field

from ..config import ConfigModel
from .advanced.config import EmbeddingConfig, ImageConfig, TextConfig
from .derived_config import CalendarConfig, GraphConfig, HistoryConfig, InteractionsConfig


class EncodingConfig(ConfigModel):
    """How categories become numbers."""

    method: Literal["target", "woe", "james_stein", "count", "ordinal", "hashing"] = Field(
        default="target", description="What a category is replaced by"
    )
    smoothing: float = Field(default=1.0, ge=0, description="Rows that the mean of all counts for, beside a category's")
    folds: int = Field(default=5, ge=2, description="Parts of training data that are encoded by what the others say")
    hashes: int = Field(default=16, ge=2, description="Columns that categories are hashed into")
    rare: float = Field(default=0.0, ge=0, lt=1, description="Categories of fewer of the training rows count as one")


class ScalingConfig(ConfigModel):
    """How numbers are brought to one scale."""

    method: Literal["robust", "standard", "none"] = Field(default="robust", description="Robust: median and quartiles")


class ImputationConfig(ConfigModel):
    """What takes the place of numbers that are missing."""

    method: Literal["iterative", "median", "none"] = Field(
        default="iterative", description="Iterative: each column from the others, in turns"
    )
    iterations: int = Field(default=10, ge=1, description="Turns of iterative imputation")
    indicators: bool = Field(default=True, description="Columns that say where numbers were missing")


class TransformationsConfig(ConfigModel):
    """How columns of a training set become numbers."""

    encoding: EncodingConfig = EncodingConfig()
    scaling: ScalingConfig = ScalingConfig()
    imputation: ImputationConfig = ImputationConfig()
    text: TextConfig = TextConfig()
    image: ImageConfig = ImageConfig()
    embedding: EmbeddingConfig = EmbeddingConfig()
    history: HistoryConfig = HistoryConfig()
    calendar: CalendarConfig = CalendarConfig()
    graph: GraphConfig = GraphConfig()
    interactions: InteractionsConfig = InteractionsConfig()
    seed: int = Field(default=0, ge=0, description="Seed of folds and of imputation")
