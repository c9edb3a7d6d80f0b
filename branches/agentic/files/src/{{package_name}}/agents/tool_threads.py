"""Threads in which tools run and models are asked. One that is done waits for the next call.

To start another takes as long as most calls. A pool would not do: a tool that hangs keeps its thread for ever, and must
keep no other tool waiting.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

_MOST_IDLE = 16

_idle: deque[queue.SimpleQueue[Callable[[], object]]] = deque()


def hand_over(work: Callable[[], object]) -> None:
    """Have a function called in another thread, at once. It must not raise."""
    try:
        waiting = _idle.pop()
    except IndexError:
        waiting = queue.SimpleQueue()
        threading.Thread(target=_serve, args=(waiting,), name="tool", daemon=True).start()
    waiting.put(work)


class Aside(Generic[Answer]):
    """A function that is called in another thread, in the context of who asks for it.

    Attributes
    ----------
    ended
        Set once there is an outcome.
    """

    def __init__(self, work: Callable[[], Answer]) -> None:
        self.ended = threading.Event()
        self._outcome: list[Answer] = []
        self._faults: list[BaseException] = []
        hand_over(partial(copy_context().run, self._call, work))

    def outcome(self) -> Answer:
        """Give what the function gave, or raise what it raised; only once it has ended."""
        if self._faults:
            raise self._faults[0]
        return self._outcome[0]

    def _call(self, work: Callable[[], Answer]) -> None:
        try:
            self._outcome.append(work())
        except BaseException as error:  # it is raised where the outcome is asked for, and ends no thread
            self._faults.append(error)
        self.ended.set()


def _serve(own: queue.SimpleQueue[Callable[[], object]]) -> None:
    while True:
        own.get()()
        if len(_idle) >= _MOST_IDLE:
            return
        _idle.append(own)


if hasattr(os, "register_at_fork"):  # threads do not outlive a fork, but the list of those that wait would
    os.register_at_fork(after_in_child=_idle.clear)
