"""What a benchmark found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

Verdict = Literal["leak", "no leak", "undecided"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Ratio(_Part):
    """How many times slower one thing is than another; below 1 it is faster.

    Attributes
    ----------
    n
        Values behind it.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.2f} times [{self.low:.2f}, {self.high:.2f}]"


class Subject(_Part):
    """A model as something serves it.

    Attributes
    ----------
    key
        What was asked for: stays the same where a newer version of a checkpoint is meant.
    size_mb, cache_mb
        Megabytes of weights, and of keys and values at most; unknown behind an address.
    first_ms, token_ms, whole_ms
        Milliseconds of each request, alone: until the first token, of each further one, and until the last. By round.
    tokens_per_second
        Of all clients together, by round.
    """

    key: str
    name: str
    backend: str
    size_mb: float | None
    cache_mb: float | None
    first_ms: tuple[tuple[float, ...], ...]
    token_ms: tuple[tuple[float, ...], ...]
    whole_ms: tuple[tuple[float, ...], ...]
    tokens_per_second: tuple[float, ...]
    answers_per_second: float
    errors: int

    @property
    def label(self) -> str:
        """The model, and what serves it."""
        return f"{self.name}, {self.backend}"


class LoadPoint(_Part):
    """What one rate of arrivals did to a model.

    Attributes
    ----------
    rate, answered
        Requests a second that came, and that were answered.
    p50_ms, p99_ms
        Of all requests, from when they were due; infinite where too many failed.
    held
        Whether p99 and errors kept within their limits, and answers came as fast as requests.
    """

    rate: float
    answered: float
    requests: int
    errors: float
    first_p50_ms: float | None
    p50_ms: float
    p99_ms: float
    held: bool


class Soak(_Part):
    """Memory under load.

    Attributes
    ----------
    samples
        Minutes since the start, and megabytes of the process.
    slope, low, high
        Megabytes a minute of the second half, with the interval.
    """

    samples: tuple[tuple[float, float], ...]
    slope: float
    low: float
    high: float
    requests: int
    errors: float
    verdict: Verdict


class Report(_Part):
    """All that a run found.

    Attributes
    ----------
    machine, settings
        What must be alike for two runs to be compared.
    pace
        Seconds of a fixed piece of work, by round: how fast the machine was just then; 1 where all that is measured is
        behind addresses.
    beside
        How many times slower each subject is than the first, by measure.
    limit_ms
        What p99 was held to.
    breaking
        The lowest rate that was not held, and the highest below it that was, where there are such.
    slower
        How many times slower than the last run, by subject and measure.
    regressions
        What is slower than the last run by more than noise.
    """

    format: Literal[1] = 1
    created: str
    machine: dict[str, str]
    settings: dict[str, str | int | float]
    pace: tuple[float, ...]
    subjects: tuple[Subject, ...]
    beside: dict[str, dict[str, Ratio]]
    loads: tuple[LoadPoint, ...]
    stress: tuple[LoadPoint, ...]
    limit_ms: float
    breaking: float | None
    held: float | None
    soak: Soak | None
    since: str = ""
    slower: dict[str, dict[str, Ratio]] = {}
    regressions: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()


def typical(rounds: Sequence[Sequence[float]]) -> float | None:
    """Give the median of all values, if there are any."""
    values = [value for one in rounds for value in one]
    return float(np.median(values)) if values else None


def paired_ratio(new: Sequence[float], old: Sequence[float], level: float) -> Ratio | None:
    """Compare times of the same things: the geometric mean of their ratios, with Student's interval of the logarithms.

    Returns
    -------
    Ratio or None
        None for fewer than two.
    """
    from scipy import stats

    logs = np.log(np.asarray(new) / np.asarray(old))
    if len(logs) <= 1:
        return None
    error = float(logs.std(ddof=1)) / math.sqrt(len(logs))
    return _ratio(float(logs.mean()), error * float(stats.t.isf((1 - level) / 2, len(logs) - 1)), len(logs))


def unpaired_ratio(new: Sequence[float], old: Sequence[float], level: float) -> Ratio | None:
    """Compare times of two runs: the ratio of geometric means, with Welch's interval (1947, doi:10.2307/2332510)."""
    from scipy import stats

    one, other = np.log(np.asarray(new)), np.log(np.asarray(old))
    if len(one) <= 1 or len(other) <= 1:
        return None
    errors = [float(logs.var(ddof=1)) / len(logs) for logs in (one, other)]
    error = math.sqrt(sum(errors))
    spread = sum(part**2 / (len(logs) - 1) for part, logs in zip(errors, (one, other), strict=True))
    freedom = error**4 / spread if spread else len(one) + len(other) - 2
    width = error * float(stats.t.isf((1 - level) / 2, freedom))
    return _ratio(float(one.mean() - other.mean()), width, len(one) + len(other))


def _ratio(middle: float, half: float, n: int) -> Ratio:
    return Ratio(value=math.exp(middle), low=math.exp(middle - half), high=math.exp(middle + half), n=n)
