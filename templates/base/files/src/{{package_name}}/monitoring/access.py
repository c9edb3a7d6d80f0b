"""Opening the prediction log that the service writes, and what monitoring keeps beside it."""

from __future__ import annotations

from ..config import Config
from .config import MonitoringConfig
from .database import open_database
from .errors import MonitoringError
from .history import History
from .predictions import PredictionLog


def open_log(config: Config) -> PredictionLog:
    """Open the log that `monitoring.log` names, else that of the service.

    Raises
    ------
    ConfigError
        If there is neither.
    MonitoringError
        If the service keeps no predictions.
    PredictionLogError
        If the database can't be used.
    """
    address = history_address(config)
    if not keeps_predictions(config):
        hint = "set serving.log.enabled: true, or monitoring.log to a log that something else writes"
        raise MonitoringError("no predictions are kept: serving.log.enabled is false", hint=hint)
    return PredictionLog.open(address, config.root)


def open_history(config: Config) -> History:
    """Open what earlier runs have found, which is in the same database.

    Raises
    ------
    ConfigError
        If no database is named.
    PredictionLogError
        If it can't be used.
    """
    return History.open(open_database(history_address(config), config.root), config.root)


def history_address(config: Config) -> str:
    """Get the address of the database of predictions and reports.

    Raises
    ------
    ConfigError
        If none is named.
    """
    return config.group("monitoring", MonitoringConfig).log or str(config.group("serving").log.url)


def keeps_predictions(config: Config) -> bool:
    """Tell whether the service keeps predictions, or something else does.

    Raises
    ------
    ConfigError
        If neither is configured.
    """
    return bool(config.group("monitoring", MonitoringConfig).log or config.group("serving").log.enabled)
