"""The section ``agentic.models``."""

from pydantic import Field, SecretStr

from ...config import ConfigModel


class Price(ConfigModel):
    """What a model costs, in US dollars for a million tokens."""

    input: float = Field(ge=0, description="Tokens that it reads")
    output: float = Field(ge=0, description="Tokens that it writes")
    cached: float | None = Field(default=None, ge=0, description="Tokens read from its cache; as others if unset")


class ModelsConfig(ConfigModel):
    """How language models are reached."""

    base_url: str = Field(default="", description="OpenAI-compatible address for names without a provider")
    api_key: SecretStr = Field(default=SecretStr(""), description="Its key")
    fallback: str = Field(default="", description="Model that answers when the first one can't")
    timeout: float = Field(default=60, gt=0, description="Seconds to wait for an answer")
    retries: int = Field(default=3, ge=0, description="How often a request that failed is sent again")
    requests_per_minute: int = Field(default=0, ge=0, description="Most requests to a model; 0 is no limit")
    most_tokens: int = Field(default=2_000, ge=1, description="Longest reply of a model of Guidance")
    tell_tools: bool = Field(
        default=True, description="Tell the served model who it is and what its tools take; one tuned on them knows"
    )
    cache: bool = Field(default=False, description="Whether equal requests are answered from a file")
    prices: dict[str, Price] = Field(default_factory=dict, description="Prices by model; they win over those that ship")
