"""Telling people through the project's channels, and Alertmanager: once for each alarm, and again when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from ...config import Config
from ...monitoring.alerts import Alert
from ...monitoring.alerts.delivery import deliver
from ...monitoring.report import Delivery
from ...monitoring.state import State
from ..errors import FeatureError
from ..monitoring_config import AlertmanagerConfig, FeatureMonitoringConfig
from ..tables import write_text

_ALERTMANAGER = "alertmanager"


@dataclass(frozen=True, slots=True)
class FeatureAlarm:
    """Something about a feature, or set, that a person should know.

    Attributes
    ----------
    kind
        Such as `drift`.
    subject
        A reference, such as `customer.spend_30d`, or a set.
    """

    kind: str
    subject: str
    text: str

    @property
    def name(self) -> str:
        """What it is about, without figures: the same in each run."""
        return f"{self.kind}: {self.subject}"


class AlertState(BaseModel):
    """What later runs must know.

    Attributes
    ----------
    active
        Names of the alarms of the last run, by set.
    sent
        When an alert was sent, by its key and channel, by set.
    untold
        Names of alarms that are over, of which a channel could not be told, by set and channel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    active: dict[str, list[str]] = {}
    sent: dict[str, dict[str, datetime]] = {}
    untold: dict[str, dict[str, list[str]]] = {}


def tell(
    name: str, alarms: Sequence[FeatureAlarm], rules: FeatureMonitoringConfig, config: Config, now: datetime
) -> list[Delivery]:
    """Tell people of the alarms of a set, unless they know, and of those that are over.

    Returns
    -------
    list of Delivery
        What became of it, for each channel; a channel that fails does not stop the others.

    Raises
    ------
    FeatureError
        If the file with what people know can't be read.
    """
    path = config.root / rules.state
    state = _read(path)
    names = {alarm.name for alarm in alarms}
    # Who was told that an alarm is over is told again when it comes back.
    anew = set(state.active.get(name, [])) - names
    sent = State(sent={} if anew else state.sent.get(name, {}))
    cooldown = timedelta(hours=rules.cooldown_hours)
    model, deliveries, ends = f"features {name}", list[Delivery](), list[Delivery]()
    if alarms:
        lines = [f"{alarm.kind}: {alarm.text}" for alarm in alarms]
        subject = f"features of {name}: {len(alarms)} alarm{'s' if len(alarms) > 1 else ''}"
        alert = Alert(_key(name, sorted(names)), model, 0, now, subject, tuple(lines), rules.report)
        deliveries, sent = deliver(alert, rules.channels, config, sent, cooldown)
    over = {channel: _over(state, name, names, channel) for channel in [*rules.channels, _ALERTMANAGER]}
    for channel in dict.fromkeys(rules.channels):
        if ended := over[channel]:
            key, subject = _key(name, [*ended, now.isoformat()]), f"features of {name}: {len(ended)} over"
            alert = Alert(key, model, 0, now, subject, tuple(ended), rules.report)
            ends += deliver(alert, [channel], config, State(), cooldown)[0]
    if rules.alertmanager.url and (alarms or over[_ALERTMANAGER]):
        ends.append(_tell_alertmanager(rules.alertmanager, name, alarms, over[_ALERTMANAGER], now))
    untold = {one.channel: over[one.channel] for one in ends if one.outcome == "failed" and over[one.channel]}
    active, times = {**state.active, name: sorted(names)}, {**state.sent, name: sent.sent}
    kept = AlertState(active=active, sent=times, untold={**state.untold, name: untold})
    write_text(kept.model_dump_json(indent=2), path)
    return [*deliveries, *ends]


def _over(state: AlertState, name: str, names: set[str], channel: str) -> list[str]:
    """Name the alarms that are over, of which a channel has not been told."""
    return sorted({*state.active.get(name, []), *state.untold.get(name, {}).get(channel, [])} - names)


def _key(name: str, parts: Sequence[str]) -> str:
    return sha256("\n".join([name, *parts]).encode()).hexdigest()[:16]


def _tell_alertmanager(
    settings: AlertmanagerConfig, name: str, alarms: Sequence[FeatureAlarm], over: Sequence[str], now: datetime
) -> Delivery:
    """Post alarms, which Alertmanager tells apart by their labels, and an end to those that are over.

    Without an end it takes them for over after minutes, as it is used to programs that look again by then.
    """
    until = (now + timedelta(hours=settings.stands_hours)).isoformat()
    body: list[dict[str, object]] = [
        {"labels": _labels(name, alarm.name), "annotations": {"summary": alarm.text}, "endsAt": until}
        for alarm in alarms
    ]
    body += [{"labels": _labels(name, one), "endsAt": now.isoformat()} for one in over]
    host = urlsplit(settings.url).hostname
    try:
        answer = httpx.post(f"{settings.url}/api/v2/alerts", json=body, timeout=settings.timeout)
    except httpx.TransportError as error:
        return Delivery(channel=_ALERTMANAGER, outcome="failed", detail=f"{host}: {type(error).__name__}: {error}")
    if answer.is_success:
        return Delivery(channel=_ALERTMANAGER, outcome="sent")
    return Delivery(channel=_ALERTMANAGER, outcome="failed", detail=f"{host} answered {answer.status_code}")


def _labels(name: str, alarm: str) -> dict[str, str]:
    kind, _, subject = alarm.partition(": ")
    return {"alertname": "FeatureAlarm", "feature_set": name, "kind": kind, "feature": subject}


def _read(path: Path) -> AlertState:
    if not path.exists():
        return AlertState()
    try:
        return AlertState.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        hint = "delete it: people are then told of every alarm again"
        raise FeatureError(f"{path} can't be read", hint=hint) from error
