"""The section ``llm.human``: how people are asked."""

from __future__ import annotations

from pydantic import Field, field_validator

from ...config import ConfigModel


class ScaleConfig(ConfigModel):
    """What answers are rated by."""

    # Names become those of metrics: MLflow takes these letters.
    name: str = Field(pattern=r"^\w[\w .-]*$", max_length=40, description="Letters, digits, spaces, '_', '.' and '-'")
    explanation: str = Field(default="", description="Shown to those who rate")


class HumanConfig(ConfigModel):
    """How people are asked which answers are better."""

    scales: tuple[ScaleConfig, ...] = Field(
        default=(
            ScaleConfig(name="correctness", explanation="Is what it says right?"),
            ScaleConfig(name="helpfulness", explanation="Does it give what was asked for, and no more?"),
        ),
        description="What each answer is rated by; none to ask only which is better",
    )
    points: int = Field(default=5, ge=2, le=9, description="The best that an answer can get; the worst is 1")
    annotators: int = Field(default=0, ge=0, description="People who rate each pair; 0 for all who take part")
    show_expected: bool = Field(default=True, description="Show what was expected beside the answers")
    seed: int = Field(default=0, ge=0, description="Seed of questions, orders and sides")
    least_difference: float = Field(default=0.1, gt=0, lt=1, description="Smaller differences do not matter")

    @field_validator("scales")
    @classmethod
    def _have_names_of_their_own(cls, scales: tuple[ScaleConfig, ...]) -> tuple[ScaleConfig, ...]:
        names = ["preference", *(one.name.casefold() for one in scales)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is what two scales are called; preference is always asked for")
        return scales
