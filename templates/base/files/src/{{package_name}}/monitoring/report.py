"""What one run found of one model; `reports/monitoring/<model>/report.json` has it too."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..models.registry import check_name
from .drift import ColumnDrift
from .errors import MonitoringError
from .performance import VersionPerformance
from .quality import Issue

FOLDER = Path("reports") / "monitoring"
JSON = "report.json"
HTML = "report.html"

Kind = Literal["drift", "prediction drift", "data quality", "performance"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Alarm(_Part):
    """Something that a person should know.

    Attributes
    ----------
    subject
        A column, or a version and its metric.
    """

    kind: Kind
    subject: str
    text: str


class Delivery(_Part):
    """What became of an alert in one channel; `repeated` was sent not long ago and is not sent again."""

    channel: str
    outcome: Literal["sent", "repeated", "failed"]
    detail: str = ""


class Retraining(_Part):
    """What became of a retraining.

    Attributes
    ----------
    outcome
        `promoted` or `refused` by the gate, `skipped` because of another one, or `failed`.
    candidate
        The new version.
    labelled
        Predictions in its dataset whose labels have arrived.
    """

    outcome: Literal["promoted", "refused", "skipped", "failed"]
    reason: str
    candidate: int | None = None
    labelled: int = 0


class MonitoringReport(_Part):
    """How a model fares.

    Attributes
    ----------
    version
        The champion.
    since, until
        The window, in UTC.
    rows
        Predictions of that version in the window; `other_versions` has those of others.
    reference_rows
        Rows that it was trained on.
    status
        `alarm` if there are alarms; `too few rows` if there are none because hardly anything could be compared.
    drift
        Inputs, then predictions.
    performance
        Of each version that has predictions in the window, the newest first.
    """

    model: str
    version: int
    created: datetime
    since: datetime
    until: datetime
    rows: int
    other_versions: dict[int, int]
    reference_rows: int
    status: Literal["ok", "alarm", "too few rows"]
    drift: list[ColumnDrift]
    issues: list[Issue]
    performance: list[VersionPerformance]
    alarms: list[Alarm]
    retraining: Retraining | None = None
    deliveries: list[Delivery] = []

    @property
    def drifted(self) -> bool:
        """Whether what the model learned holds no more: its inputs, its predictions or its scores are others."""
        return any(alarm.kind != "data quality" for alarm in self.alarms)


def folder_of(root: Path, model: str) -> Path:
    """Give the folder of a model's reports.

    Raises
    ------
    ModelError
        If the name can't be one of a model.
    """
    check_name(model)
    return root / FOLDER / model


def replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, whole.

    Raises
    ------
    MonitoringError
        If it can't be written.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            scratch.write_text(text, encoding="utf-8")
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        message = f"{path} can't be written: {error.strerror}"
        raise MonitoringError(message, hint="is there room on the disk, and may this user write there?") from error
