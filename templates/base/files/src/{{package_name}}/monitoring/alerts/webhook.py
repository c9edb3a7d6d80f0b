"""Alerts as JSON, posted to an address.

With a secret, `X-Signature-256` is `sha256=` and the HMAC-SHA-256 of the body, in hexadecimal digits. The body has the
time at which the alert was made, by which a receiver tells an old message that somebody sends again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import asdict
from functools import partial
from urllib.parse import urlsplit

import httpx

from ...config import Config
from ..config import MonitoringConfig, WebhookConfig
from ..errors import MonitoringError
from . import Alert, Channel

_FIRST_PAUSE = 0.5
_TOO_MANY = 429
_SERVER_ERROR = 500


def make_webhook(config: Config) -> Channel:
    """Make the channel `webhook`.

    Raises
    ------
    MonitoringError
        If it has no address.
    """
    settings = config.group("monitoring", MonitoringConfig).alerts.webhook
    if not settings.url:
        raise MonitoringError("the alert channel webhook has no address", hint="set monitoring.alerts.webhook.url")
    return partial(post, settings)


def post(settings: WebhookConfig, alert: Alert) -> None:
    """Post an alert; again, after longer and longer pauses, if the network or the server fails.

    Raises
    ------
    MonitoringError
        If it was not taken. The message has no more of the address than its host, since the rest may be secret.
    """
    body = json.dumps({**asdict(alert), "created": alert.created.isoformat()}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"{alert.key}-{alert.created:%Y%m%dT%H%M%S}"}
    if secret := settings.secret.get_secret_value():
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Signature-256"] = f"sha256={digest}"
    reason = ""
    for attempt in range(settings.retries + 1):
        if attempt:
            time.sleep(_FIRST_PAUSE * 2 ** (attempt - 1))
        try:
            answer = httpx.post(settings.url, content=body, headers=headers, timeout=settings.timeout)
        except httpx.TransportError as error:
            reason = f"{type(error).__name__}: {error}"
            continue
        if answer.is_success:
            return
        reason = f"it answered {answer.status_code} {answer.reason_phrase}"
        if answer.status_code < _SERVER_ERROR and answer.status_code != _TOO_MANY:
            break
    host = urlsplit(settings.url).hostname
    raise MonitoringError(f"the webhook at {host} did not take the alert: {reason}", hint="is the address right?")
