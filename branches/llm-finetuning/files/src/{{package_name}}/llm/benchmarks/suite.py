"""The measurements, one after the other.

each model alone, by turns → many clients → rates of arrivals → rates up to where it breaks → memory under load
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .config import BenchmarksConfig, SizeConfig
from .load import Load, Timed, arrivals, closed_loop, open_loop, timed
from .machine import memory_mb, pace
from .records import LoadPoint, Ratio, Soak, Subject, paired_ratio
from .targets import Messages, Target

_SLOWER = 10.0  # times what all but a twentieth take unloaded, where no limit is given
_STEP = 1.5  # by which the stress is raised
_FIRST_SHARE, _STEPS = 0.2, 10  # where it begins, as a share of the throughput, and how often it is raised at most
_KEPT_UP = 0.9  # of the requests that come in a second are answered in one, or the backlog grows
_SOAK_SHARE = 0.5  # of the throughput
_SAMPLES = 60  # of memory in a soak
_FEWEST = 8  # samples that a slope is taken from
_GROWN = 0.02  # share of its memory that a process may grow without being called leaky

Tell = Callable[[str], None]


@dataclass
class Candidate:
    """A model as something serves it, and what was measured of it so far."""

    key: str
    name: str
    backend: str
    target: Target
    size_mb: float | None = None
    alone: list[list[Timed]] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def label(self) -> str:
        """The model, and what serves it."""
        return f"{self.name}, {self.backend}"

    @property
    def serial(self) -> bool:
        """Whether it answers one request after the other: more clients only wait for longer."""
        return self.backend == "generate"

    def subject(self) -> Subject:
        """Give what was measured."""
        return Subject(
            key=self.key,
            name=self.name,
            backend=self.backend,
            size_mb=self.size_mb,
            cache_mb=self.target.cache_mb,
            first_ms=_by_round(self.alone, lambda one: one.first),
            token_ms=_by_round(self.alone, lambda one: one.token),
            whole_ms=_by_round(self.alone, lambda one: one.whole),
            tokens_per_second=tuple(self.speeds),
            answers_per_second=float(np.median(self.rates)) if self.rates else 0.0,
            errors=self.errors,
        )


@dataclass(frozen=True)
class Suite:
    """How much is measured, and what of.

    Attributes
    ----------
    prompts
        What is asked.
    tell
        Is told what is going on.
    device
        Where the models compute, whose pace is taken; nothing where all of them are behind addresses.
    """

    settings: BenchmarksConfig
    size: SizeConfig
    prompts: Sequence[Messages]
    tell: Tell
    device: str = "cpu"

    async def speeds(self, candidates: Sequence[Candidate]) -> list[float]:
        """Ask each candidate alone and by many clients, by turns, and say how fast the machine was in each round."""
        paces, settings = [], self.settings
        crowd = [*self.prompts] * max(1, -(-2 * settings.clients // len(self.prompts)))
        for one in candidates:
            await self._ask(one, self.prompts[:2])  # warms up
        for number in range(self.size.rounds):
            self.tell(f"round {number + 1} of {self.size.rounds}")
            paces.append(pace(self.device) if self.device else 1.0)
            order = [*candidates[number % len(candidates) :], *candidates[: number % len(candidates)]]
            for one in order:
                one.alone.append(await self._ask(one, self.prompts))
            for one in order:
                asked = self.prompts if one.serial else crowd
                seconds, found = await closed_loop(
                    one.target, asked, settings.max_tokens, settings.clients, settings.timeout_seconds
                )
                answered = [reply for reply in found if not reply.error]
                one.errors += len(found) - len(answered)
                one.speeds.append(sum(reply.tokens for reply in answered) / seconds)
                one.rates.append(len(answered) / seconds)
        return paces

    async def _ask(self, one: Candidate, prompts: Sequence[Messages]) -> list[Timed]:
        """Ask one prompt after the other."""
        settings, found = self.settings, []
        for messages in prompts:
            now = time.perf_counter()
            found.append(await timed(one.target, messages, settings.max_tokens, now, settings.timeout_seconds))
        one.errors += sum(bool(reply.error) for reply in found)
        return found

    async def loads(self, one: Candidate, limit_ms: float) -> list[LoadPoint]:
        """Ask at the configured shares of the throughput."""
        rates = [share * one.subject().answers_per_second for share in sorted(self.settings.loads)]
        return [await self._load(one, rate, limit_ms, number) for number, rate in enumerate(rates) if rate > 0]

    async def stress(self, one: Candidate, limit_ms: float, known: Sequence[LoadPoint] = ()) -> list[LoadPoint]:
        """Raise the rate until it is not held, from the highest one of which that is known."""
        found: list[LoadPoint] = []
        held, breaking = bounds(known)
        rate = _FIRST_SHARE * one.subject().answers_per_second if held is None else _STEP * held
        most = math.inf if breaking is None else breaking
        while 0 < rate < most and len(found) < _STEPS and (not found or found[-1].held):
            found.append(await self._load(one, rate, limit_ms, len(found)))
            rate *= _STEP
        return found

    async def soak(self, one: Candidate) -> Soak | None:
        """Watch the memory of this process under a steady load."""
        minutes, settings = self.size.soak_minutes, self.settings
        rate = _SOAK_SHARE * one.subject().answers_per_second
        if not minutes or not rate or one.size_mb is None:  # behind an address, memory is another process's
            return None
        self.tell(f"memory under load for {minutes:g} minutes")
        moments = arrivals(rate, 60 * minutes, settings.seed)
        asking = asyncio.ensure_future(
            open_loop(one.target, self.prompts, settings.max_tokens, moments, settings.timeout_seconds)
        )
        started, samples = time.perf_counter(), []
        while not asking.done():
            samples.append(((time.perf_counter() - started) / 60, memory_mb()))
            await asyncio.wait([asking], timeout=60 * minutes / _SAMPLES)
        return watched(samples, await asking, settings.level)

    async def _load(self, one: Candidate, rate: float, limit_ms: float, number: int) -> LoadPoint:
        self.tell(f"{rate:.3g} requests a second")
        settings = self.settings
        moments = arrivals(rate, self.size.seconds, settings.seed + number)
        found = await open_loop(one.target, self.prompts, settings.max_tokens, moments, settings.timeout_seconds)
        return point_of(found, (rate, self.size.seconds), limit_ms, settings.errors)

    def limit(self, one: Candidate) -> float:
        """Say how many milliseconds the slowest hundredth may take."""
        alone = [value for times in one.subject().whole_ms for value in times]
        longest = 1000 * self.settings.timeout_seconds
        return self.settings.p99_ms or (min(_SLOWER * float(np.quantile(alone, 0.95)), longest) if alone else longest)


def point_of(found: Load, asked: tuple[float, float], limit_ms: float, errors: float) -> LoadPoint:
    """Sum up what one rate did.

    Parameters
    ----------
    asked : tuple of float
        Requests a second, and for how many seconds they came.
    """
    rate, seconds = asked
    firsts = [1000 * one.first for one in found.requests if one.first is not None]
    p99 = found.quantile(0.99)
    return LoadPoint(
        rate=rate,
        answered=sum(not one.error for one in found.requests) / found.seconds,
        requests=len(found.requests),
        errors=found.failed,
        first_p50_ms=float(np.median(firsts)) if firsts else None,
        p50_ms=found.quantile(0.5),
        p99_ms=p99,
        held=p99 <= limit_ms and found.failed <= errors and keeps_up(found, seconds),
    )


def keeps_up(found: Load, seconds: float) -> bool:
    """Say whether requests were answered as fast as they came.

    Above its capacity a model answers late, and later and later: of `c` times as many requests as it can answer, the
    last is answered after `c` times the seconds, and the medians of the halves are half of `c - 1` times the seconds
    apart. One alone would refuse a model that takes long for each answer, or whose first answers wait for nobody.
    """
    above = 1 / _KEPT_UP - 1
    return found.seconds <= seconds / _KEPT_UP or found.growth <= 1000 * above * seconds / 2


def bounds(points: Sequence[LoadPoint]) -> tuple[float | None, float | None]:
    """Give the highest rate that was held, below the lowest that was not, and that one."""
    breaking = min((one.rate for one in points if not one.held), default=None)
    below = (one.rate for one in points if one.held and (breaking is None or one.rate < breaking))
    return max(below, default=None), breaking


def watched(samples: Sequence[tuple[float, float]], load: Load, level: float) -> Soak:
    """Find out whether memory grows: the slope of Theil and Sen of the second half, when caches are filled.

    It leaks if the slope is above 0 for sure and at that pace the process grew by more than 2 % in the time that was
    watched; it does not if even the upper end stays below that; else it is undecided.
    """
    from scipy import stats

    later = samples[len(samples) // 2 :]
    minutes, sizes = np.array(later).T
    if len(later) < _FEWEST:
        slope, low, high = 0.0, -np.inf, np.inf
    else:
        slope, _, low, high = (float(value) for value in stats.theilslopes(sizes, minutes, alpha=level))
    allowed = _GROWN * float(np.median(sizes)) / max(samples[-1][0], 1e-9)
    leaks = low > 0 and slope > allowed
    return Soak(
        samples=tuple(samples),
        slope=slope,
        low=low,
        high=high,
        requests=len(load.requests),
        errors=load.failed,
        verdict="leak" if leaks else "no leak" if high <= allowed else "undecided",
    )


def beside_first(candidates: Sequence[Candidate], level: float) -> dict[str, dict[str, Ratio]]:
    """Compare each candidate with the first, on the same prompts in the same rounds."""
    first = candidates[0]
    found = {}
    for other in candidates[1:]:
        ratios = {
            "first token": _prompts_ratio(other, first, lambda one: one.first, level),
            "each token": _prompts_ratio(other, first, lambda one: one.token, level),
            "whole answer": _prompts_ratio(other, first, lambda one: one.whole, level),
            "throughput": paired_ratio(first.speeds, other.speeds, level) if _positive(first, other) else None,
        }
        found[other.label] = {name: ratio for name, ratio in ratios.items() if ratio is not None}
    return found


def _positive(*candidates: Candidate) -> bool:
    return all(speed > 0 for one in candidates for speed in one.speeds)


def _prompts_ratio(new: Candidate, old: Candidate, read: Callable[[Timed], float | None], level: float) -> Ratio | None:
    """Compare the medians of the rounds, prompt by prompt."""
    pairs = []
    for place in range(len(new.alone[0])):
        medians = [_median([read(asked[place]) for asked in one.alone]) for one in (new, old)]
        if medians[0] and medians[1]:
            pairs.append((medians[0], medians[1]))
    return paired_ratio([one for one, _ in pairs], [other for _, other in pairs], level) if pairs else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _by_round(asked: Sequence[Sequence[Timed]], read: Callable[[Timed], float | None]) -> tuple[tuple[float, ...], ...]:
    rounds = ([read(one) for one in replies] for replies in asked)
    return tuple(tuple(1000 * value for value in values if value is not None) for values in rounds)
