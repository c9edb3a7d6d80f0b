"""Alerts as lines of the log, where a collector of logs picks them up."""

from __future__ import annotations

from ...config import Config
from ...logs import get_logger
from . import Alert, Channel

_log = get_logger(__name__)


def make_log(_config: Config) -> Channel:
    """Make the channel `log`."""
    return _send


def _send(alert: Alert) -> None:
    _log.warning(alert.subject, model=alert.model, version=alert.version, alarms=alert.lines, report=alert.report)
