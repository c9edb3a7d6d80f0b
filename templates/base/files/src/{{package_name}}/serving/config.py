"""The configuration group `serving`: `conf/serving.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..config import ConfigModel


class TrafficConfig(ConfigModel):
    """What the challenger of one model gets to do."""

    mode: Literal["off", "canary", "shadow"] = Field(
        default="off", description="canary answers some requests; shadow predicts beside the champion, unseen"
    )
    share: float = Field(default=0.1, ge=0, le=1, description="Share of the requests that the challenger gets")


class RulesConfig(ConfigModel):
    """When a challenger in use is promoted, or withdrawn."""

    promote: bool = Field(default=True, description="Whether a challenger that is better on live labels is promoted")
    interval: float = Field(default=60.0, gt=0, description="Seconds between two looks at the labels")
    least_labels: int = Field(default=200, ge=2, description="Fewest labelled predictions to compare")
    most_labels: int = Field(default=5_000, ge=2, description="Most labelled predictions to compare, the latest ones")
    least_predictions: int = Field(default=20, ge=1, description="Fewest predictions before errors and time count")
    error_rate: float = Field(default=0.05, ge=0, lt=1, description="Share of failures above which it is withdrawn")
    slowdown: float = Field(default=5.0, gt=1, description="How many times the champion's time it may take")
    noticeable: float = Field(default=0.02, ge=0, description="Seconds for a row up to which its time does not matter")


class LogConfig(ConfigModel):
    """Where predictions are kept for monitoring."""

    enabled: bool = Field(default=True, description="Whether predictions are kept")
    url: str = Field(
        default="sqlite:///predictions.db", description="A database; a relative SQLite file is in the project's folder"
    )
    queue: int = Field(default=10_000, ge=1, description="Most predictions that wait to be written; others are dropped")
    batch: int = Field(default=500, ge=1, description="Most predictions in one transaction")
    interval: float = Field(default=0.5, gt=0, description="Seconds that a prediction waits at most")
    keep_days: int = Field(default=90, ge=1, description="Days after which predictions are deleted")


class ServingConfig(ConfigModel):
    """How models answer."""

    models: list[str] = Field(default=[], description="The registered models that are served; all if none is named")
    reload: float = Field(default=10.0, gt=0, description="Seconds between two looks at the registry")
    max_rows: int = Field(default=1_000, ge=1, description="Most rows of one request")
    threads: int = Field(default=2, ge=1, description="Threads for models that are slow")
    traffic: dict[str, TrafficConfig] = Field(default={}, description="What challengers do, by model")
    rules: RulesConfig = RulesConfig()
    log: LogConfig = LogConfig()
