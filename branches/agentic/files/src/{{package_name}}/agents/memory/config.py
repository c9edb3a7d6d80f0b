"""The section ``agentic.memory``."""

from pydantic import Field

from ...config import ConfigModel


class MemoryConfig(ConfigModel):
    """What agents remember."""

    token_limit: int = Field(default=8_000, ge=500, description="Tokens of a conversation above which it is summarised")
    recalled: int = Field(default=5, ge=0, description="Most memories that are shown to a model beside its task")
    keep_days: float = Field(default=0, ge=0, description="Days after which a memory expires; 0 is never")
