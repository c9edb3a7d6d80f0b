"""The section ``agentic.memory``."""

from typing import Literal

from pydantic import Field, SecretStr

from ...config import ConfigModel


class MemoryConfig(ConfigModel):
    """What agents remember."""

    enabled: bool = Field(default=False, description="Whether agents remember earlier tasks")
    token_limit: int = Field(default=8_000, ge=500, description="Tokens of a conversation above which it is shortened")
    summaries: Literal["model", "rules"] = Field(
        default="model", description="Who summarises such a conversation; rules do where the model is away, too"
    )
    recalled: int = Field(default=5, ge=0, description="Most memories that are shown to a model beside its task")
    least_score: float = Field(default=0.15, ge=0, le=1, description="Similarity below which a memory is not shown")
    tainted: bool = Field(
        default=False, description="Whether memories from untrusted text are shown; the agent is then tainted at once"
    )
    keep_days: float = Field(default=0, ge=0, description="Days after which a memory expires; 0 is never")
    embedder: str = Field(
        default="words", description="How texts are compared: words, or a model such as openai:text-embedding-3-small"
    )
    database_url: SecretStr = Field(
        default=SecretStr(""), description="PostgreSQL or Redis that machines share; a file of the project if empty"
    )
