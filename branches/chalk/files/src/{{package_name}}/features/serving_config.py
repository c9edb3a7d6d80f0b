"""The section ``features.serving``: how features are read when a model is asked."""

from typing import Literal

from pydantic import Field

from ..config import ConfigModel


class FeatureServingConfig(ConfigModel):
    """Reading features online."""

    lateness_hours: float = Field(
        default=24, ge=0, description="How late rows may be and still join sessions; windows take all rows"
    )
    history_hours: float = Field(
        default=24, ge=0, description="How far back questions are answered, such as those of the check of parity"
    )
    fallback: Literal["error", "default"] = Field(
        default="error", description="While the store does not answer: an error, or defaults with status UNAVAILABLE"
    )
    most_entities: int = Field(default=10_000, ge=1, description="Entities of one request")
    model: str = Field(default="", description="Model that is asked with features; empty: the only one")
