"""Asking a model in another thread: who ends a run, and a limit of time, wait for no model that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from .tool_threads import hand_over

if TYPE_CHECKING:
    from .budget import Meter
    from .session import Session

_LOOK_UP = 0.05  # seconds between two looks at whether the run was ended
_LEFT: ContextVar[threading.Event | None] = ContextVar("left", default=None)

Answer = TypeVar("Answer")


def nobody_waits() -> bool:
    """Tell, where a model is asked, whether its answer is of no use any more."""
    left = _LEFT.get()
    return left is not None and left.is_set()


def ask_in_time(session: Session, meter: Meter, ask: Callable[[], Answer]) -> Answer | None:
    """Give what a model answers; None if the run was cancelled, or its time was over, before that came.

    What then still runs is left behind: it is told by `nobody_waits`, and what comes of it is dropped.
    """
    ended, left = threading.Event(), threading.Event()
    outcome: list[Answer] = []
    faults: list[BaseException] = []

    def work() -> None:
        _LEFT.set(left)
        try:
            outcome.append(ask())
        except BaseException as error:  # raised again where the answer is waited for
            faults.append(error)
        ended.set()

    if _over(session, meter):
        return None
    hand_over(partial(copy_context().run, work))
    while not ended.wait(_LOOK_UP):
        if _over(session, meter):
            left.set()
            return None
    if faults:
        raise faults[0]
    return outcome[0]


def _over(session: Session, meter: Meter) -> bool:
    return session.cancelled() or meter.seconds_left() == 0
