"""The search: one setting after the other, each kept where it is faster than what was best so far.

default → for each setting, for each of its values: by turns with the best so far → the best against the default
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from ...errors import ProjectError
from ..benchmarks.records import Ratio, paired_ratio
from ..benchmarks.targets import Target
from ..errors import ModelError

Value = int | bool | str
Chosen = dict[str, Value]
Open = Callable[[Chosen], AbstractAsyncContextManager[Target]]


@dataclass(frozen=True)
class Round:
    """One round of requests.

    Attributes
    ----------
    speed
        Tokens a second of all clients together.
    p95_ms
        In which 95 % of the answers were whole.
    failed
        Requests without an answer.
    """

    speed: float
    p95_ms: float
    failed: int


class Trial(BaseModel):
    """What one choice of settings gave.

    Attributes
    ----------
    chosen
        The settings, by their names in the configuration.
    speeds, p95_ms
        By round: tokens a second, and milliseconds in which 95 % of the answers were whole.
    failed
        Requests without an answer.
    fault
        Why it could not be tried, if so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    chosen: Chosen
    speeds: tuple[float, ...] = ()
    p95_ms: tuple[float, ...] = ()
    failed: int = 0
    fault: str = ""

    @property
    def speed(self) -> float:
        """Tokens a second, in the middle of the rounds."""
        return float(np.median(self.speeds)) if self.speeds else 0.0

    @property
    def latency(self) -> float:
        """Milliseconds in which 95 % of the answers were whole, in the middle of the rounds."""
        return float(np.median(self.p95_ms)) if self.p95_ms else np.inf

    def holds(self, limit: float) -> bool:
        """Say whether all were answered, and fast enough."""
        return not self.fault and not self.failed and (not limit or self.latency <= limit)


class Found(BaseModel):
    """What a search found.

    Attributes
    ----------
    trials
        All that was tried, the default first.
    gain
        How many times the tokens a second of the default the best one has, measured by turns.
    limit_ms
        What 95 % of the answers were held to; 0 for nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: tuple[Trial, ...]
    default: Trial
    best: Trial
    gain: Ratio | None
    limit_ms: float

    @property
    def worth(self) -> bool:
        """Say whether the best settings are to be taken in place of the default ones."""
        if self.best.chosen == self.default.chosen or not self.best.holds(self.limit_ms):
            return False
        return not self.default.holds(self.limit_ms) or (self.gain is not None and self.gain.low > 1)


@dataclass(frozen=True)
class Search:
    """How settings are tried.

    Attributes
    ----------
    open
        Starts what answers, with some settings.
    ask
        Sends it one round of requests.
    together
        Whether two may be there at once; they are measured by turns then, so that a busy machine harms both.
    tell
        Is told what is going on.
    """

    open: Open
    ask: Callable[[Target], Awaitable[Round]]
    limit_ms: float
    rounds: int
    least_gain: float
    together: bool
    tell: Callable[[str], None]

    async def run(self, default: Chosen, knobs: Mapping[str, Sequence[Value]]) -> Found:
        """Search.

        Raises
        ------
        ModelError
            If what there is can't be measured itself.
        """
        (best,) = await self._measure([default], self.rounds)
        if best.fault or not best.speed:
            fault = best.fault or f"none of {best.failed} requests was answered"
            raise ModelError(fault, hint="serve it with the settings that there are first; the log says more")
        first, trials = best, [best]
        for name, values in knobs.items():
            for chosen in _others(best.chosen, name, values):
                known, tried = await self._measure([best.chosen, chosen], self.rounds)
                trials.append(tried)
                self._tell(tried, default)
                if self._better(tried, known):
                    best = tried
        gain = None
        if best.chosen != default:
            first, best = await self._measure([default, best.chosen], 2 * self.rounds)
            speeds = (*first.speeds, *best.speeds)
            gain = paired_ratio(best.speeds, first.speeds, 0.95) if speeds and all(speeds) else None
        return Found(trials=tuple(trials), default=first, best=best, gain=gain, limit_ms=self.limit_ms)

    def _better(self, tried: Trial, known: Trial) -> bool:
        if tried.holds(self.limit_ms) != known.holds(self.limit_ms):
            return tried.holds(self.limit_ms)
        if not tried.holds(self.limit_ms):  # neither: the nearer one
            return not tried.fault and not tried.failed and tried.latency < known.latency
        return tried.speed > known.speed * (1 + self.least_gain)

    async def _measure(self, choices: Sequence[Chosen], rounds: int) -> list[Trial]:
        """Measure some choices, by turns where that can be."""
        if len(choices) > 1 and not self.together:
            return [trial for chosen in choices for trial in await self._measure([chosen], rounds)]
        found: list[list[Round]] = [[] for _ in choices]
        faults = [""] * len(choices)
        async with AsyncExitStack() as stack:
            targets: list[Target | None] = []
            for number, chosen in enumerate(choices):
                try:
                    targets.append(await stack.enter_async_context(self.open(chosen)))
                except ProjectError as error:
                    targets.append(None)
                    faults[number] = error.message
            for turn in range(rounds + 1):
                for number in _in_turn(len(targets), turn):
                    target = targets[number]
                    if target is not None:
                        found[number].append(await self.ask(target))
        return [
            Trial(
                chosen=chosen,
                speeds=tuple(one.speed for one in some[1:]),  # the first one warms up
                p95_ms=tuple(one.p95_ms for one in some[1:]),
                failed=sum(one.failed for one in some),
                fault=fault,
            )
            for chosen, some, fault in zip(choices, found, faults, strict=True)
        ]

    def _tell(self, trial: Trial, default: Chosen) -> None:
        said = trial.fault or f"{trial.speed:.0f} tokens/s, 95 % within {trial.latency:.0f} ms"
        self.tell(f"{say(trial.chosen, default)}: {said}")


def say(chosen: Chosen, default: Chosen) -> str:
    """Word what is other than the default, without the sections of the names.

    Examples
    --------
    >>> say({"a.rows": 8, "a.cache": True}, {"a.rows": 16, "a.cache": True})
    'rows 8'
    """
    changed = {name: value for name, value in chosen.items() if value != default[name]}
    return ", ".join(f"{name.rpartition('.')[2]} {str(value).lower()}" for name, value in changed.items()) or "as it is"


def _others(best: Chosen, name: str, values: Sequence[Value]) -> Iterator[Chosen]:
    """Give the best choice with each other value of a setting."""
    return ({**best, name: value} for value in values if value != best[name])


def _in_turn(count: int, turn: int) -> Iterator[int]:
    """Give numbers, each time another one first: who comes second finds warm caches."""
    return ((number + turn) % count for number in range(count))
