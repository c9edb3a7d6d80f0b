"""Settings of experiments."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from ...config import ConfigModel

MetricName = Literal[
    "exact_match", "token_f1", "score", "thumb", "preference", "agreement", "seconds", "tokens", "error", "refusal"
]
LESS_IS_BETTER = frozenset({"seconds", "tokens", "error", "refusal"})
_NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class VariantConfig(ConfigModel):
    """A model that takes a part of the requests."""

    name: str = Field(pattern=_NAME, description="What it is called in headers and reports")
    model: str = Field(min_length=1, description="A model of this service, or of the one at the address")
    url: str = Field(default="", description="OpenAI-compatible address of another service, ending in /v1")
    share: float = Field(default=1.0, ge=0, description="Of requests, as a weight; of a shadow, the part it is asked")
    prompt_price: float = Field(default=0, ge=0, description="Price of a million tokens that are read")
    completion_price: float = Field(default=0, ge=0, description="Price of a million tokens that are written")

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.url and (urlsplit(self.url).scheme not in {"http", "https"} or not urlsplit(self.url).hostname):
            raise ValueError(f"{self.url!r} is no address: begin with http:// or https://")
        return self


class MetricConfig(ConfigModel):
    """What decides."""

    name: MetricName = Field(default="score", description="What is measured of an answer")
    smallest_effect: float = Field(default=0.05, gt=0, description="Smallest difference that matters")

    @property
    def greater_is_better(self) -> bool:
        """Whether more of it is better."""
        return self.name not in LESS_IS_BETTER


class GuardrailsConfig(ConfigModel):
    """What stops a variant at once, its requests going to the first one."""

    error_rate: float | None = Field(default=0.05, gt=0, lt=1, description="Most of its requests that may fail")
    p95_latency_ratio: float | None = Field(
        default=None, gt=0, description="Most that its 95th percentile may be, as a multiple of the first one's"
    )
    metric_loss: float | None = Field(default=None, gt=0, description="Most that its metric may be worse by")


class RuleConfig(ConfigModel):
    """When there is a winner."""

    test: Literal["auto", "better", "not-worse"] = Field(
        default="auto", description="What a variant must be shown to be; auto: better in A/B tests, else not worse"
    )
    level: float = Field(default=0.05, gt=0, lt=0.5, description="Probability of a false alarm, over all looks")
    power: float = Field(default=0.8, gt=0.5, lt=1, description="Probability of finding the smallest effect")
    min_users: int = Field(default=100, ge=10, description="Users of each variant before anything is decided")
    min_hours: float = Field(default=0, ge=0, description="Hours before anything is decided")
    max_users: int = Field(
        default=0, ge=0, description="Users of each variant after which it ends undecided; 0 for twice the fixed size"
    )
    promote: bool = Field(default=False, description="Give all requests to the winner, once there is one")


class ExperimentConfig(ConfigModel):
    """Two or more models that are compared on real requests."""

    mode: Literal["ab", "canary", "shadow"] = Field(
        default="ab", description="A shadow is asked too, and its answers reach nobody"
    )
    variants: tuple[VariantConfig, ...] = Field(min_length=2, max_length=10, description="The first one is in use now")
    takes: str = Field(default="", description="A model whose requests it takes, besides those that name it")
    metric: MetricConfig = MetricConfig()
    guardrails: GuardrailsConfig = GuardrailsConfig()
    rule: RuleConfig = RuleConfig()
    compare: Literal["exact", "token_f1", "embedding"] = Field(
        default="token_f1", description="How the answer of a shadow is compared with the one that was given"
    )

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        named = Counter(one.name for one in self.variants)
        twice = [name for name, count in named.items() if count > 1]
        if twice:
            raise ValueError(f"there are several variants {', '.join(twice)}")
        if self.mode != "shadow" and not any(one.share for one in self.variants):
            raise ValueError("every variant has a share of 0")
        if self.mode == "shadow" and any(one.share > 1 for one in self.variants):
            raise ValueError("the share of a shadow is at most 1")
        if self.metric.name == "agreement" and self.mode != "shadow":
            raise ValueError("agreement is a metric of shadows")
        if self.metric.name == "agreement" and self.rule.test == "better":
            raise ValueError("a shadow can't agree more than wholly: leave the test at auto")
        return self

    @property
    def control(self) -> VariantConfig:
        """The variant that is in use now."""
        return self.variants[0]

    def variant(self, name: str) -> VariantConfig:
        """Give a variant by its name."""
        return next(one for one in self.variants if one.name == name)


class ExperimentsConfig(ConfigModel):
    """Experiments, and how they are run."""

    database: Path = Field(default=Path("experiments.db"), description="SQLite file, in the project's folder")
    user_header: str = Field(default="X-User-ID", description="Header that tells users apart where `user` is not said")
    write_seconds: float = Field(default=0.2, gt=0, description="How long answers are gathered before they are written")
    decide_seconds: float = Field(default=5, gt=0, description="How often it is looked whether there is a winner")
    shadows_at_once: int = Field(default=2, ge=1, description="Most requests to shadows under way; more are dropped")
    longest_answer: int = Field(default=4000, ge=0, description="Characters of answers that are kept, to be scored")
    timeout_seconds: float = Field(default=60, gt=0, description="Until when a model of another service has answered")
    start: dict[str, ExperimentConfig] = Field(default={}, description="Experiments that begin with the service")
