"""Telling people. Plugins add channels under the entry points `<package>.alerts`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from ...config import Config
from ..report import MonitoringReport


@dataclass(frozen=True, slots=True)
class Alert:
    """What people are told.

    Attributes
    ----------
    key
        The same for the same alarms of the same version.
    subject
        One line.
    lines
        The alarms, and what came of a retraining.
    report
        Where the whole report is.
    """

    key: str
    model: str
    version: int
    created: datetime
    subject: str
    lines: tuple[str, ...]
    report: str


Channel = Callable[[Alert], object]
"""Sends one alert, and what it returns does not matter.

It raises a `ProjectError` if it can't; other channels are not stopped by that.
"""

MakeChannel = Callable[[Config], Channel]
"""What a plugin gives: it reads its settings from the configuration, and raises a `ProjectError` if they don't do."""


def make_alert(report: MonitoringReport, place: str) -> Alert:
    """Say in short what a report found.

    Parameters
    ----------
    place
        Where the report is.
    """
    count = len(report.alarms)
    subject = f"{report.model} version {report.version}: {count} alarm{'s' if count > 1 else ''}"
    kinds = [f"{alarm.kind}: {alarm.subject}" for alarm in report.alarms]
    lines = [f"{alarm.kind}: {alarm.text}" for alarm in report.alarms]
    retraining = report.retraining
    if retraining:
        lines.append(f"retraining: {retraining.outcome}: {retraining.reason}")
        if retraining.outcome != "skipped":
            kinds.append(f"{retraining.outcome} {retraining.candidate}")
            subject += f", retraining {retraining.outcome}"
    key = sha256("\n".join([report.model, str(report.version), *sorted(kinds)]).encode()).hexdigest()[:16]
    return Alert(key, report.model, report.version, report.created, subject, tuple(lines), place)
