"""Asking a model in another thread: who ends a run, and a limit of time, wait for no model that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import wait
from contextvars import ContextVar
from typing import TYPE_CHECKING

from .tool_threads import Answer, aside

if TYPE_CHECKING:
    from .budget import Meter
    from .session import Session

_LOOK_UP = 0.05  # seconds between two looks at whether the run was ended
_LEFT: ContextVar[threading.Event | None] = ContextVar("left", default=None)


def nobody_waits() -> bool:
    """Tell, where a model is asked, whether its answer is of no use any more."""
    left = _LEFT.get()
    return left is not None and left.is_set()


def ask_in_time(session: Session, meter: Meter, ask: Callable[[], Answer]) -> Answer | None:
    """Give what a model answers; None if the run was cancelled, or its time was over, before that came.

    What then still runs is left behind: it is told by `nobody_waits`, and what comes of it is dropped.
    """
    left = threading.Event()

    def work() -> Answer:
        _LEFT.set(left)
        return ask()

    if _over(session, meter):
        return None
    asked = aside(work)
    while not wait([asked], _LOOK_UP).done:
        if _over(session, meter):
            left.set()
            return None
    return asked.result()


def _over(session: Session, meter: Meter) -> bool:
    return session.cancelled() or meter.seconds_left() == 0
