"""Limits of steps, tokens, seconds and money, of one agent and of all that share a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .config import BudgetConfig
from .tasks import Limits, Status, TaskResult, Usage

_SAID = {"steps": "{} steps", "tokens": "{:,} tokens", "seconds": "{:g} seconds", "money": "{:g} US dollars"}


def limits_of(config: BudgetConfig, own: Limits | None = None) -> Limits:
    """Give a task's limits: its own where it names any, else the configuration's.

    Examples
    --------
    >>> limits_of(BudgetConfig(steps=50, money=1.0), Limits(steps=3)).steps
    3
    """
    return Limits(**{**config.model_dump(), **(own.model_dump(exclude_none=True) if own else {})})


def narrow(own: Limits, most: Limits) -> Limits:
    """Give limits that are nowhere wider than others: the smaller of two holds, and 0 is wider than any number.

    Examples
    --------
    >>> narrow(Limits(steps=3, tokens=0, money=9), Limits(steps=50, tokens=1_000, money=1))
    Limits(steps=3, tokens=1000, seconds=None, money=1.0)
    """
    asked, allowed = own.model_dump(exclude_none=True), most.model_dump()
    narrowed = {name: min((one for one in (value, allowed[name]) if one), default=0) for name, value in asked.items()}
    return Limits(**narrowed)


def reached(limits: Limits, used: Usage) -> str:
    """Name the first of some limits that is used up; nothing if none is.

    Examples
    --------
    >>> reached(Limits(steps=3, money=1), Usage(steps=2, cost=1.2))
    'money'
    """
    spent = {"steps": used.steps, "tokens": used.tokens, "seconds": used.seconds, "money": used.cost}
    return next((name for name, value in spent.items() if 0 < (getattr(limits, name) or 0) <= value), "")


def how_to_go_on(config: BudgetConfig, own: Limits, result: TaskResult) -> str:
    """Say how a task goes on that a limit of its own, or of the configuration, has ended; nothing of any other."""
    name = reached(limits_of(config, own), result.usage) if result.status is Status.PARTIAL else ""
    if not name:
        return ""
    if getattr(own, name) is not None:
        return f"its limit of {name} is the task's own: give the task again, with a wider one"
    resumed = f"agents runs resume {result.task_id} --set agentic.agents.budget.{name}=N"
    return f"`{resumed}` goes on within a wider limit"


class Meter:
    """Adds up what is used, here and in the meter above, and tells when a limit is reached.

    Parameters
    ----------
    limits
        0 and None are no limit.
    above
        The meter of the team, run or workflow that this one's use counts for too.
    whose
        What the limits are those of, for people, such as "of the workflow".
    """

    def __init__(self, limits: Limits, above: Meter | None = None, *, whose: str = "") -> None:
        self.limits = limits
        self.above = above
        self._whose = f" {whose}" if whose else ""
        self._used = Usage()
        self._started = time.monotonic()
        self._paused = 0.0
        self._on_clock = 0.0  # seconds in what is used that the clock counts too
        self._lock = threading.Lock()

    @property
    def used(self) -> Usage:
        """What was used so far, with the seconds until now."""
        return self._used.model_copy(update={"seconds": self._seconds()})

    def _seconds(self) -> float:
        return self._used.seconds - self._on_clock + time.monotonic() - self._started - self._paused

    def add(self, usage: Usage) -> None:
        """Count a call; its own seconds are on the clock already."""
        with self._lock:
            self._used = self._used + usage
            self._on_clock += usage.seconds
        if self.above:
            self.above.add(usage)

    def restore(self, used: Usage) -> None:
        """Begin with what an earlier part of the run used."""
        with self._lock:
            self._used = self._used + used

    def spent(self) -> str:
        """Tell which limit is reached, for people; nothing if none is."""
        name = reached(self.limits, self.used)
        if name:
            return f"the limit of {_SAID[name].format(getattr(self.limits, name))}{self._whose} is reached"
        return self.above.spent() if self.above else ""

    def seconds_left(self) -> float | None:
        """Give the seconds until the nearest limit of time, or None without one."""
        own = max(self.limits.seconds - self._seconds(), 0.0) if self.limits.seconds else None
        over = self.above.seconds_left() if self.above else None
        return min((one for one in (own, over) if one is not None), default=None)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock while a person is waited for."""
        begun = time.monotonic()
        try:
            yield
        finally:
            waited = time.monotonic() - begun
            meter: Meter | None = self
            while meter is not None:
                with meter._lock:
                    meter._paused += waited
                meter = meter.above
