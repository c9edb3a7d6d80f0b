"""How long requests may take."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from starlette.types import Scope

_TURN = "turn"
"""Where in a request's scope its turn is."""


class Patience:
    """Ends what takes longer than some seconds, with one timer for all: one for each takes a fiftieth of a prediction.

    Parameters
    ----------
    seconds
        The same for all, so that they end in the order in which they began.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[Turn, None] = {}  # a set that keeps its order
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, turn: Turn) -> None:
        """Let the time of a turn run."""
        self._waiting[turn] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(turn.end, self._look)

    def forget(self, turn: Turn) -> None:
        """Let it take as long as it likes."""
        self._waiting.pop(turn, None)

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting:
            oldest = next(iter(self._waiting))
            if oldest.end > loop.time():
                self._timer = loop.call_at(oldest.end, self._look)
                return
            del self._waiting[oldest]
            oldest.expire()


class Turn:
    """A `with` block that ends with a `TimeoutError` where patience does, as that of `asyncio.timeout` does."""

    __slots__ = ("_cancelling", "_patience", "_task", "end", "expired")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.expired = False

    def __enter__(self) -> Self:
        """Begin.

        Raises
        ------
        RuntimeError
            If no task runs, which could be ended.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("there is no task")
        self._task = task
        self._cancelling = task.cancelling()
        self.end = asyncio.get_running_loop().time() + self._patience.seconds
        self._patience.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End. A task that somebody else has cancelled too stays cancelled."""
        self.stop()
        if self.expired and self._task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def stop(self) -> None:
        """Let it take as long as it likes from now on."""
        self._patience.forget(self)

    def expire(self) -> None:
        """End it now."""
        self.expired = True
        self._task.cancel()


def give_turn(scope: Scope, turn: Turn) -> None:
    """Let what answers a request know its turn."""
    scope[_TURN] = turn


def take_time(scope: Scope) -> None:
    """Let a request take as long as it likes: what answers it sees to it that it ends, and that it does not pile up."""
    turn: Turn | None = scope.get(_TURN)
    if turn is not None:
        turn.stop()
