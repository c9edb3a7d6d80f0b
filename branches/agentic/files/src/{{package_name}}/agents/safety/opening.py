"""The parts of safety as the configuration asks for them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .audit import AuditLog
from .auditing import record_event
from .filters import FormFilter, SecretFilter, process_secrets
from .gate import PolicyGate
from .kill_switch import KillSwitch

if TYPE_CHECKING:
    from ..config import AgenticConfig
    from ..events import Listener


def open_kill_switch(config: AgenticConfig, root: Path) -> KillSwitch:
    """Give the kill switch of a project."""
    return KillSwitch(root / config.durability.folder / "stopped.json")


def open_audit(config: AgenticConfig, root: Path) -> AuditLog:
    """Give the audit log of a project."""
    return AuditLog(root / config.durability.folder / "audit.jsonl", config.safety.audit_key.get_secret_value())


def listen_for_audit(config: AgenticConfig, root: Path) -> tuple[Listener, ...]:
    """Give what puts the events of a run on record, if the configuration wants it."""
    if config.safety.audit == "off":
        return ()
    return (partial(record_event, open_audit(config, root), reads=config.safety.audit == "all"),)


def open_gate(config: AgenticConfig, root: Path) -> PolicyGate:
    """Give the gate of a project."""
    return PolicyGate(config.safety, open_kill_switch(config, root), checks=config.agents.safety_checks)


def open_filters(config: AgenticConfig) -> tuple[SecretFilter | FormFilter, ...]:
    """Give the filters, in the order in which a text goes through them."""
    safety = config.safety
    if not config.agents.safety_checks:
        return ()
    secrets = (process_secrets(config),) if safety.secrets else ()
    return (*secrets, FormFilter()) if safety.personal_data == "mask" else secrets
