"""Opening the prediction log that the service writes."""

from __future__ import annotations

from ..config import Config
from .config import MonitoringConfig
from .predictions import PredictionLog


def open_log(config: Config) -> PredictionLog:
    """Open the log that `monitoring.log` names, else that of the service.

    Raises
    ------
    ConfigError
        If there is neither.
    PredictionLogError
        If the database can't be used.
    """
    named = config.group("monitoring", MonitoringConfig).log
    return PredictionLog.open(named or config.group("serving").log.url, config.root)
