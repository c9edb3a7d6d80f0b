"""The section ``agentic.evaluation``."""

from pathlib import Path

from pydantic import Field

from ...config import ConfigModel

BENCHMARK = "v1.2.2"
"""Version of AgentDojo's suites."""

ATTACK = "important_instructions_no_names"
"""How AgentDojo's texts ask for what an attacker wants."""


class EvaluationConfig(ConfigModel):
    """How agents are measured."""

    suites: Path = Field(default=Path("evaluations"), description="Folder of the suites")
    reports: Path = Field(default=Path("data/agents/evaluations"), description="Folder of what they measured")
    repeats: int = Field(default=5, ge=1, description="Attempts at each task, where a suite names no number")
    at_once: int = Field(default=1, ge=1, le=64, description="Attempts that are made side by side")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="How often intervals hold the true value")
    significance: float = Field(default=0.05, gt=0, lt=1, description="Probability of calling chance a regression")
