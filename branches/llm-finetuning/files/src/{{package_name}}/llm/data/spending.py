"""What asking a language model takes, and the limits of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import ModelError
from .config import LanguageModelConfig

_MILLION = 1_000_000


class LimitReachedError(ModelError):
    """What may be spent is spent."""


@dataclass
class Usage:
    """What asking took.

    Attributes
    ----------
    requests, kept : int
        Answers that were asked for, and answers that were there from before.
    prompt_tokens, completion_tokens : int
        Tokens sent and received.
    cost : float
        Their price.
    """

    requests: int = 0
    kept: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens, and their price."""

    tokens: float = 0.0
    money: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.tokens + other.tokens, self.money + other.money)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.tokens - other.tokens, self.money - other.money)


class Budget:
    """What one run may spend; threads share it.

    Parameters
    ----------
    settings : LanguageModelConfig
        The limits, and the prices of tokens.
    """

    def __init__(self, settings: LanguageModelConfig) -> None:
        self.usage = Usage()
        self._settings, self._lock = settings, threading.Lock()
        self._reserved, self._spent = Amount(), Amount()

    def most(self, sent: float) -> Amount:
        """Give the most that a request of so many tokens may take."""
        received = self._settings.max_tokens
        return Amount(sent + received, self._price(sent, received))

    @contextmanager
    def reserve(self, most: Amount) -> Iterator[None]:
        """Set aside what a request may take at most, while it is under way.

        Raises
        ------
        LimitReachedError
            If so much is not left beside what others have set aside.
        """
        with self._lock:
            self._refuse_beyond_limit(most, self._reserved)
            self._reserved += most
        try:
            yield
        finally:
            with self._lock:
                self._reserved -= most

    def count(self, sent: int, received: int) -> None:
        """Count an answer at what it took."""
        took = Amount(sent + received, self._price(sent, received))
        with self._lock:
            self.usage.prompt_tokens += sent
            self.usage.completion_tokens += received
            self._spend(took)

    def charge(self, most: Amount, *, again: bool = False) -> None:
        """Count an answer that was of no use at what it may have taken at most.

        What was set aside for it is then for another try, if that may be paid for.

        Raises
        ------
        LimitReachedError
            If it may not.
        """
        with self._lock:
            self._spend(most)
            if again:
                self._refuse_beyond_limit(most, self._reserved - most)

    def keep(self) -> None:
        """Count an answer that was there from before."""
        with self._lock:
            self.usage.kept += 1

    def _spend(self, amount: Amount) -> None:
        self.usage.requests += 1
        self._spent += amount
        self.usage.cost = self._spent.money

    def _refuse_beyond_limit(self, most: Amount, reserved: Amount) -> None:
        """Make sure that one more request, beside those under way, is within the limits; the lock must be held."""
        settings, spent, after = self._settings, self._spent, self._spent + reserved + most
        if settings.max_cost and after.money > settings.max_cost:
            raise LimitReachedError(
                f"the limit of {settings.max_cost:g} is reached: {spent.money:.4f} is spent, and one more request may "
                f"cost {most.money:.4f}",
                hint=f"answers are kept: raise {settings.section}.max_cost and run it again to go on from here",
            )
        if settings.max_total_tokens and after.tokens > settings.max_total_tokens:
            raise LimitReachedError(
                f"the limit of {settings.max_total_tokens} tokens is reached: {spent.tokens:.0f} are spent, and one "
                f"more request may take {most.tokens:.0f}",
                hint=f"answers are kept: raise {settings.section}.max_total_tokens and run it again to go on from here",
            )

    def _price(self, sent: float, received: float) -> float:
        return (sent * self._settings.prompt_price + received * self._settings.completion_price) / _MILLION
