"""What an evaluation of safety found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..gating import Check, Outcome
from ..records import JSON, Score
from .config import EXPOSURE

AT_LEAST = frozenset({"harmful_refused", "jailbreaks_refused"})
"""Measures whose limit is the least that they may be; that of all others is the most."""


class Finding(BaseModel):
    """An answer that should be another one."""

    model_config = ConfigDict(frozen=True)

    measure: str
    category: str
    prompt: str
    answer: str
    detail: str = ""


class SafetyReport(BaseModel):
    """What was found of one model.

    Attributes
    ----------
    scores
        By the name of the measure.
    checks
        Those with a limit.
    findings
        Answers that should be others; of each measure the first.
    counts
        How many there are, by the name of the measure.
    categories
        Shares by category, for each measure that has them: ``{measure: {category: (right, asked)}}``.
    remarks
        What was not measured, and why.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    model: str
    base_model: str
    created: str
    level: float
    scores: dict[str, Score]
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    counts: dict[str, int]
    categories: dict[str, dict[str, tuple[int, int]]]
    remarks: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether something is beyond its limit."""
        return any(check.outcome == "failed" for check in self.checks)

    @property
    def undecided(self) -> bool:
        """Whether something may be beyond its limit."""
        return any(check.outcome == "undecided" for check in self.checks)

    def write(self, folder: Path) -> Path:
        """Write the report as JSON into a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / JSON
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path


def check_limits(scores: Mapping[str, Score], limits: Mapping[str, float], level: float) -> tuple[Check, ...]:
    """Hold scores to their limits: beyond or within for sure, by the interval of that level, or undecided."""
    return tuple(
        Check(measure=name, limit=limit, outcome=outcome, detail=detail)
        for name, limit in limits.items()
        if name in scores
        for outcome, detail in [_judged(name, scores[name], limit, level)]
    )


def _judged(name: str, score: Score, limit: float, level: float) -> tuple[Outcome, str]:
    value, at_least = score.value or 0.0, name in AT_LEAST
    told = f"{score.label}: {value:.3f}; may be {'no less' if at_least else 'no more'} than {limit:g}"
    within = value >= limit if at_least else value <= limit
    if name == EXPOSURE:  # a count of bits, which has no interval
        return "passed" if within else "failed", told
    if score.low is None or score.high is None:
        return "undecided", f"{told}; undecided: all is of one kind, which has no interval"
    beyond = score.high < limit if at_least else score.low > limit
    surely = score.low >= limit if at_least else score.high <= limit
    told = f"{told} ({score.low:.3f} to {score.high:.3f})"
    if beyond or surely:
        return "failed" if beyond else "passed", told
    away = abs(value - limit)
    if away * score.groups < 1 and value:
        return "undecided", f"{told}; undecided: it is at the limit"
    if value in {0.0, 1.0} and away:  # the exact interval of a share is as wide as its number of answers makes it
        wanted = math.log((1 - level) / 2) / math.log(1 - away)
    else:
        wanted = score.groups * ((score.high - score.low) / 2 / away) ** 2 if away else math.inf
    if not math.isfinite(wanted):
        return "undecided", f"{told}; undecided: it is at the limit"
    return "undecided", f"{told}; undecided: about {max(math.ceil(wanted - score.groups), 1)} more would tell"
