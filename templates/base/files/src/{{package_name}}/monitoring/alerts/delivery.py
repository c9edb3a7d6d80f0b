"""Sending an alert through each channel, and the same alert not again and again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ...config import Config
from ...config.settings import one_of
from ...errors import ProjectError
from ...logs import get_logger
from ...plugins import find_plugins
from ..errors import MonitoringError
from ..report import Delivery
from ..state import State
from . import Alert, Channel

_log = get_logger(__name__)


def deliver(
    alert: Alert, channels: Sequence[str], config: Config, state: State, cooldown: timedelta
) -> tuple[list[Delivery], State]:
    """Send an alert through each channel that has not sent it lately. A channel that fails does not stop the others.

    Returns
    -------
    deliveries : list of Delivery
        What became of it, for each channel.
    state : State
        With what was sent now, and without what was sent too long ago to matter.
    """
    sent = {key: moment for key, moment in state.sent.items() if alert.created - moment < cooldown}
    deliveries = []
    for name in dict.fromkeys(channels):
        key = f"{alert.key}:{name}"
        if key in sent:
            deliveries.append(Delivery(channel=name, outcome="repeated", detail=f"sent {sent[key]:%Y-%m-%d %H:%M} UTC"))
            continue
        try:
            find_channel(name, config)(alert)
        except Exception as error:  # whatever a plugin raises, other channels must send
            reason = error.message if isinstance(error, ProjectError) else f"{type(error).__name__}: {error}"
            _log.error("an alert was not sent", channel=name, model=alert.model, reason=reason)
            deliveries.append(Delivery(channel=name, outcome="failed", detail=reason))
        else:
            sent[key] = alert.created
            deliveries.append(Delivery(channel=name, outcome="sent"))
    return deliveries, state.model_copy(update={"sent": sent})


def find_channel(name: str, config: Config) -> Channel:
    """Make a channel.

    Raises
    ------
    MonitoringError
        If there is none of that name.
    ProjectError
        If its plugin is broken, or its settings don't do.
    """
    plugins = find_plugins("alerts")
    if name not in plugins:
        raise MonitoringError(f"there is no alert channel {name!r}", hint=one_of(name, list(plugins)))
    make = plugins[name].load()
    if not callable(make):
        raise plugins[name].error(f"it is a {type(make).__name__}, not a function")
    channel: object = make(config)
    if not callable(channel):
        raise plugins[name].error(f"it made a {type(channel).__name__}, not a function")
    return channel
