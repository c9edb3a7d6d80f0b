"""What was found last of each set, kept as marks of the online store: the service reads them there for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from ...logs import get_logger
from ..online.protocol import OnlineStore, OnlineStoreError
from ..parity.check import ParityReport
from .watch import FeatureReport

# No part of the store begins so: names of entities begin with a letter.
_MONITOR, _PARITY = ".monitor/", ".parity/"

_log = get_logger(__name__)


def keep_report(store: OnlineStore, report: FeatureReport, now: datetime) -> None:
    """Keep the figures of a look at a set; a store that is away is no error, as people are told in other ways too."""
    alarms: dict[str, int] = {}
    for one in report.alarms:
        alarms[one.kind] = alarms.get(one.kind, 0) + 1
    told = {
        "time": now.timestamp(),
        "newest": report.newest.timestamp(),
        "alarms": alarms,
        "psi": {one.feature: one.psi for one in report.drift if one.psi is not None},
        "drifted": [one.feature for one in report.drift if one.drifted],
        "missing": {one.feature: 1 - one.completeness for one in report.quality if one.completeness is not None},
        "p99": {one.what: one.p99 for one in report.latencies},
    }
    _keep(store, _MONITOR + report.name, told)


def keep_parity(store: OnlineStore, report: ParityReport, now: datetime) -> None:
    """Keep how many values were compared, and how many differ."""
    told = {"time": now.timestamp(), "compared": report.compared, "mismatched": report.mismatched}
    _keep(store, _PARITY + report.feature_set, told)


def kept_reports(marks: Mapping[str, str]) -> dict[str, Any]:
    """Give the figures of the last look, by set, of the marks of a store."""
    return _kept(marks, _MONITOR)


def kept_parity(marks: Mapping[str, str]) -> dict[str, Any]:
    """Give the figures of the last check of parity, by set, of the marks of a store."""
    return _kept(marks, _PARITY)


def _keep(store: OnlineStore, name: str, told: Mapping[str, Any]) -> None:
    try:
        store.append([], {name: orjson.dumps(told).decode()})
    except OnlineStoreError as error:
        _log.warning("the service will not show these figures", reason=error.message)


def _kept(marks: Mapping[str, str], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): orjson.loads(told) for name, told in marks.items() if name.startswith(prefix)}
