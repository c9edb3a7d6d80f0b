"""The section ``features.monitoring``: when features at work are not as they were, and who is told."""

from typing import Literal

from pydantic import Field, field_validator

from ..config import ConfigModel

Method = Literal["psi", "kolmogorov_smirnov", "wasserstein", "jensen_shannon"]


class AlertmanagerConfig(ConfigModel):
    """Prometheus' Alertmanager."""

    url: str = Field(default="", description="Its address, such as http://localhost:9093; without one it gets nothing")
    timeout: float = Field(default=10, gt=0, description="Seconds to wait for an answer")
    stands_hours: float = Field(default=48, gt=0, description="How long an alarm stands there that is not told again")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("it must start with http:// or https://")
        return url.rstrip("/")


class FeatureMonitoringConfig(ConfigModel):
    """When features are not as they were, and who is told."""

    method: Method = Field(default="psi", description="What `threshold` is a limit of")
    judge: Literal["own", "evidently"] = Field(
        default="own", description="Who says whether a distribution has moved: these limits, or Evidently by its own"
    )
    threshold: float = Field(default=0.1, gt=0, description="Least difference that matters")
    missing: float = Field(default=0.05, gt=0, le=1, description="Least change of the share of missing values")
    level: float = Field(default=0.01, gt=0, lt=1, description="Share of false alarms that is borne among all features")
    least_rows: int = Field(default=100, ge=20, description="Fewest values that are compared")
    sample: int = Field(default=100_000, ge=1_000, description="Rows that tests of numbers look at, drawn at random")
    days: float = Field(default=30, gt=0, description="How much older the table is that the newest is compared with")
    fresh_hours: float = Field(default=48, gt=0, description="Greatest age of the newest table")
    serving_p99_ms: float = Field(default=5, gt=0, description="Milliseconds in which 99 of 100 reads are answered")
    computation_seconds: float = Field(default=60, gt=0, description="Seconds in which a table's sample is computed")
    channels: list[str] = Field(default=["log"], description="Plugins of the group alerts: log, webhook, email, others")
    cooldown_hours: float = Field(default=24, ge=0, description="Time in which the same alarm is not sent again")
    alertmanager: AlertmanagerConfig = AlertmanagerConfig()
    state: str = Field(default="data/features/monitoring.json", description="File with the alarms that are known")
    report: str = Field(default="reports/features/monitoring.html", description="The page")
