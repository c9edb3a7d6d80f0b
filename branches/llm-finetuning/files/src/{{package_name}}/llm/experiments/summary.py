"""How an experiment stands, as reports and clients get it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from .config import MetricName

Outcome = Literal["undecided", "winner", "no-difference", "inconclusive", "no-variant-left"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Arm(_Part):
    """One variant.

    Attributes
    ----------
    low, high
        Ends of the always-valid interval of the mean; None as long as it can't be told.
    cost
        Of a thousand answers, if prices are set.
    stopped
        Why a guardrail has stopped it, or empty.
    """

    name: str
    model: str
    share: float
    users: int
    answers: int
    judged: int
    failed: int
    mean: float | None
    low: float | None
    high: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    tokens: float | None
    cost: float | None
    stopped: str


class Point(_Part):
    """The difference as it was known at some time."""

    time: float
    users: int
    difference: float
    low: float
    high: float


class Comparison(_Part):
    """A variant beside the first one.

    Attributes
    ----------
    difference
        By how much the mean is greater; of preferences, how far the share of wins is above a half.
    p_value
        Always valid, and adjusted for the number of variants by Holm's method.
    needed, more
        Users of each variant for which the experiment is planned, and how many are missing.
    verdict
        What is to be made of it.
    """

    variant: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float = 1.0
    users: int = 0
    needed: int | None = None
    more: int | None = None
    wins: int = 0
    losses: int = 0
    ties: int = 0
    verdict: Literal["better", "worse", "not-worse", "undecided"] = "undecided"
    course: tuple[Point, ...] = ()


class Summary(_Part):
    """An experiment as it stands.

    Attributes
    ----------
    outcome, winner, reason
        What the rule makes of the answers so far.
    """

    name: str
    state: str
    mode: str
    metric: MetricName
    level: float
    started: float
    ended: float | None
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    outcome: Outcome
    winner: str
    reason: str
    dropped: int
    events: tuple[tuple[float, str], ...]
