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
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import TypeVar

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


def aside(work: Callable[[], Answer]) -> Future[Answer]:
    """Call a function in another thread, in the context of who asks for it; what comes of it, or its error, is kept."""
    future: Future[Answer] = Future()

    def call() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # it is raised where the outcome is asked for, and ends no thread
            future.set_exception(error)

    hand_over(partial(copy_context().run, call))
    return future


def _serve(own: queue.SimpleQueue[Callable[[], object]]) -> None:
    while True:
        own.get()()
        if len(_idle) >= _MOST_IDLE:
            return
        _idle.append(own)


if hasattr(os, "register_at_fork"):  # threads do not outlive a fork, but the list of those that wait would
    os.register_at_fork(after_in_child=_idle.clear)
