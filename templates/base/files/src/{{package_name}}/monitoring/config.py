"""The configuration group `monitoring`: `conf/monitoring.yaml`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from ..config import ConfigModel
from .window import parse_since


class DriftConfig(ConfigModel):
    """When a column has drifted: only what is beyond chance and great enough to matter."""

    level: float = Field(default=0.01, gt=0, lt=1, description="Share of false alarms that is borne among all columns")
    psi: float = Field(default=0.1, gt=0, description="Least population stability index that matters")
    missing: float = Field(default=0.05, gt=0, le=1, description="Least change of the share of missing values")
    least_rows: int = Field(default=100, ge=20, description="Fewest values of a column that are compared")


class QualityConfig(ConfigModel):
    """When data is faulty."""

    share: float = Field(default=0.01, ge=0, lt=1, description="Share of faulty values above which they are an issue")
    duplicates: float = Field(default=0.2, ge=0, lt=1, description="Share of repeated rows above that of training")


class PerformanceConfig(ConfigModel):
    """When a model has become worse."""

    loss: float = Field(default=0.05, ge=0, description="Least loss that matters, as a share of the score at training")
    least_labels: int = Field(default=50, ge=10, description="Fewest labels that a score is made of")


class RetrainingConfig(ConfigModel):
    """Whether drift starts training."""

    when: Literal["never", "on_drift"] = Field(
        default="never", description="on_drift makes the dataset anew, trains, and asks the promotion gate"
    )
    cooldown_hours: float = Field(default=24, ge=0, description="Least time between two retrainings of a model")
    learn: bool = Field(default=True, description="Whether predictions whose labels have arrived join the dataset")
    algorithms: list[str] = Field(default=[], description="What is trained; all that `models` names if there are none")


class WebhookConfig(ConfigModel):
    """Where alerts are posted to as JSON."""

    url: str = Field(default="", description="An http or https address")
    secret: SecretStr = Field(default=SecretStr(""), description="Key that each message is signed with")
    timeout: float = Field(default=10, gt=0, description="Seconds to wait for an answer")
    retries: int = Field(default=3, ge=0, description="How often a message that failed is sent again")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("it must start with http:// or https://")
        return url


class EmailConfig(ConfigModel):
    """Whom alerts are mailed to."""

    host: str = Field(default="", description="The mail server")
    port: int = Field(default=587, ge=1, lt=65536, description="Its port")
    security: Literal["starttls", "tls", "none"] = Field(default="starttls", description="How it is encrypted")
    user: str = Field(default="", description="Whom to log in as; empty for nobody")
    password: SecretStr = Field(default=SecretStr(""), description="With which password")
    sender: str = Field(default="", description="Address that the mail comes from")
    recipients: list[str] = Field(default=[], description="Addresses that it goes to")
    timeout: float = Field(default=10, gt=0, description="Seconds to wait for the server")

    @model_validator(mode="after")
    def _does_not_send_passwords_in_the_clear(self) -> Self:
        if self.security == "none" and self.user:
            raise ValueError("a password needs an encrypted connection: set security to starttls or tls")
        return self


class AlertsConfig(ConfigModel):
    """Who is told of drift."""

    channels: list[str] = Field(default=["log"], description="Plugins of the group alerts: log, webhook, email, others")
    cooldown_hours: float = Field(default=24, ge=0, description="Time in which the same alarm is not sent again")
    webhook: WebhookConfig = WebhookConfig()
    email: EmailConfig = EmailConfig()


class MonitoringConfig(ConfigModel):
    """How models at work are watched."""

    log: str = Field(default="", description="Database of the predictions, if it is another than `serving.log.url`")
    since: str = Field(
        default="7d", description="Start of the window: 24h, 7d, an ISO time, or `version` for when it was registered"
    )
    most_rows: int = Field(default=100_000, ge=1_000, description="Most predictions that are looked at, the latest")
    keep_reports: int = Field(default=500, ge=1, description="Reports of each model that are kept to show its course")
    drift: DriftConfig = DriftConfig()
    quality: QualityConfig = QualityConfig()
    performance: PerformanceConfig = PerformanceConfig()
    alerts: AlertsConfig = AlertsConfig()
    retraining: RetrainingConfig = RetrainingConfig()

    @field_validator("since")
    @classmethod
    def _is_a_time(cls, since: str) -> str:
        parse_since(since)
        return since
