"""Load: clients that wait for their answers, and arrivals that wait for nobody.

In an open loop a request is due when it is due, whatever became of those before it, and its latency counts from then
on. A client that waits for an answer before it sends the next request asks a stalled server nothing, and so leaves out
just the requests that would have taken long (coordinated omission: Tene, 2013, "How NOT to measure latency").
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import ProjectError
from .targets import Messages, Target

_LEAD = 0.02  # seconds before the first request is due


@dataclass(frozen=True, slots=True)
class Timed:
    """One request, in seconds from when it was due.

    Attributes
    ----------
    first, whole
        Until the first token and until the last; none for what streams no tokens, and none where it failed.
    error
        Why it failed, or nothing.
    """

    first: float | None
    whole: float | None
    tokens: int
    error: str = ""

    @property
    def token(self) -> float | None:
        """Seconds a token after the first, or, of what comes whole, of all; none where all came at one moment."""
        if self.whole is None:
            return None
        start, tokens = (0.0, self.tokens) if self.first is None else (self.first, self.tokens - 1)
        return (self.whole - start) / tokens if tokens > 0 and self.whole > start else None


@dataclass(frozen=True, slots=True)
class Load:
    """What was asked in an open loop.

    Attributes
    ----------
    seconds
        From the start until the last answer.
    """

    seconds: float
    requests: tuple[Timed, ...]

    @property
    def failed(self) -> float:
        """Share of the requests without an answer."""
        return sum(bool(one.error) for one in self.requests) / max(len(self.requests), 1)

    def quantile(self, share: float) -> float:
        """Give the milliseconds in which a share of the requests was answered; a failed one never was.

        Taken from the values themselves, not between them: an answer that never came has no neighbour.
        """
        return _quantile(self.requests, share)

    @property
    def growth(self) -> float:
        """Milliseconds by which the median of the second half of the requests is above that of the first."""
        middle = len(self.requests) // 2
        before, after = (_quantile(part, 0.5) for part in (self.requests[:middle], self.requests[middle:]))
        return after - before if np.isfinite(before) else 0.0


def _quantile(requests: Sequence[Timed], share: float) -> float:
    whole = sorted(np.inf if one.whole is None else 1000 * one.whole for one in requests)
    return float(whole[min(int(np.ceil(share * len(whole))), len(whole)) - 1]) if whole else np.nan


def arrivals(rate: float, seconds: float, seed: int) -> NDArray[np.float64]:
    """Draw the moments of a Poisson process: as many as the rate gives, at least one.

    Those of a known number are uniform. Of a number that is drawn too, a short time could get half the rate.

    Parameters
    ----------
    rate : float
        Requests a second.
    seconds : float
        How long.
    """
    draw = np.random.default_rng(seed)
    return np.sort(draw.uniform(0, seconds, max(round(rate * seconds), 1)))


async def open_loop(
    target: Target, prompts: Sequence[Messages], max_tokens: int, moments: NDArray[np.float64], timeout: float
) -> Load:
    """Send requests when they are due, without waiting for answers.

    Parameters
    ----------
    moments : ndarray of shape (n_requests,)
        Seconds from the start.
    """
    start = time.perf_counter() + _LEAD

    async def send(number: int) -> Timed:
        due = start + float(moments[number])
        await asyncio.sleep(due - time.perf_counter())
        return await timed(target, prompts[number % len(prompts)], max_tokens, due, timeout)

    found = await asyncio.gather(*(send(number) for number in range(len(moments))))
    return Load(time.perf_counter() - start, tuple(found))


async def closed_loop(
    target: Target, prompts: Sequence[Messages], max_tokens: int, clients: int, timeout: float
) -> tuple[float, list[Timed]]:
    """Have clients ask all prompts, each the next one once its answer is there.

    Returns
    -------
    float
        Seconds until all were answered.
    list of Timed
        One for each prompt.
    """
    left = iter(prompts)
    found: list[Timed] = []

    async def ask() -> None:
        for messages in left:
            found.append(await timed(target, messages, max_tokens, time.perf_counter(), timeout))

    started = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(clients)))
    return time.perf_counter() - started, found


async def timed(target: Target, messages: Messages, max_tokens: int, due: float, timeout: float) -> Timed:
    """Ask, and count from when it was due."""
    try:
        reply = await asyncio.wait_for(target.ask(messages, max_tokens), due + timeout - time.perf_counter())
    except TimeoutError:
        return Timed(None, None, 0, f"no answer in {timeout:g} s")
    except ProjectError as error:
        return Timed(None, None, 0, error.message)
    return Timed(None if reply.first is None else reply.first - due, reply.last - due, reply.tokens)
