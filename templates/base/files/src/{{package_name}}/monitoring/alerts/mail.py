"""Alerts as mail."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial

from ...config import Config
from ..config import EmailConfig, MonitoringConfig
from ..errors import MonitoringError
from . import Alert, Channel


def make_email(config: Config) -> Channel:
    """Make the channel `email`.

    Raises
    ------
    MonitoringError
        If it does not know the server, the sender or whom to write to.
    """
    settings = config.group("monitoring", MonitoringConfig).alerts.email
    for key in ("host", "sender", "recipients"):
        if not getattr(settings, key):
            raise MonitoringError(f"the alert channel email has no {key}", hint=f"set monitoring.alerts.email.{key}")
    return partial(send, settings)


def send(settings: EmailConfig, alert: Alert) -> None:
    """Mail an alert.

    Raises
    ------
    MonitoringError
        If the server does not take it for one of the recipients, or can't be trusted.
    """
    message = EmailMessage()
    message["Subject"] = alert.subject
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.recipients)
    message["Date"] = format_datetime(alert.created)
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    lines = [alert.subject, "", *(f"- {line}" for line in alert.lines), "", f"Report: {alert.report}"]
    message.set_content("\n".join(lines) + "\n")
    try:
        with _connection(settings) as server:
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        reason = f"{type(error).__name__}: {error}"
        text = f"the mail server {settings.host}:{settings.port} did not take the alert: {reason}"
        raise MonitoringError(text, hint="look at monitoring.alerts.email") from error
    if refused:
        raise MonitoringError(f"the mail server {settings.host} did not take the alert for {', '.join(refused)}")


@contextmanager
def _connection(settings: EmailConfig) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if settings.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
    with server:
        if settings.security == "starttls":
            server.starttls(context=context)
        if settings.user:
            server.login(settings.user, settings.password.get_secret_value())
        yield server
