"""Settings of the mapper: ``llm.use_case.settings`` in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ...config import ConfigModel
from ...config.settings import one_of
from ..errors import ModelError


class MapperConfig(ConfigModel):
    """How texts are written, and when the model's answer is taken."""

    taxonomy: Path = Field(default=Path("data/taxonomy.yaml"), description="Categories, aliases and frames")
    size: int = Field(default=1000, ge=100, description="Texts of all splits together")
    mixed: float = Field(default=0.8, ge=0, le=1, description="Share of training texts with mixed phrases")
    least_accuracy: float = Field(default=0.95, gt=0, le=1, description="Of the answers that are taken, on validation")
    least_texts: int = Field(default=50, ge=1, description="Validation texts that a threshold is found with")
    decoding: Literal["constrained", "free"] = Field(default="constrained", description="How the model answers")
    samples: int = Field(default=500, ge=10, description="Draws of the bootstrap intervals")


def read_mapper_config(settings: Mapping[str, Any]) -> MapperConfig:
    """Check the settings.

    Raises
    ------
    ModelError
        If one is unknown or not valid.
    """
    try:
        return MapperConfig.model_validate(dict(settings))
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        raise ModelError(
            f"llm.use_case.settings.{key}: {fault['msg'].lower()}", hint=one_of(key, list(MapperConfig.model_fields))
        ) from error
