"""How the versions in use fare in this process, and when that is reason enough to withdraw a challenger."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from .config import RulesConfig

_REMEMBERED = 200


@dataclass(slots=True)
class Tally:
    """What one version did.

    Attributes
    ----------
    requests
        Those that it answered.
    failures
        Those that it could not answer.
    seconds
        For a row, of the latest requests.
    """

    requests: int = 0
    failures: int = 0
    rows: int = 0
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def add(self, rows: int, seconds: float) -> None:
        """Count an answer."""
        self.requests += 1
        self.rows += rows
        self.seconds.append(seconds / rows)


def fault(challenger: Tally, champion: Tally, rules: RulesConfig) -> str:
    """Say why a challenger must be withdrawn; nothing if it may stay.

    Examples
    --------
    >>> fault(Tally(requests=15, failures=5), Tally(requests=100), RulesConfig())
    '5 of 20 requests failed, and at most 5 % may'
    """
    asked = challenger.requests + challenger.failures
    if asked < rules.least_predictions:
        return ""
    if challenger.failures > rules.error_rate * asked:
        return f"{challenger.failures} of {asked} requests failed, and at most {100 * rules.error_rate:g} % may"
    if not challenger.seconds or len(champion.seconds) < rules.least_predictions:
        return ""
    taken, usual = median(challenger.seconds), median(champion.seconds)
    if taken > max(rules.noticeable, rules.slowdown * usual):
        return f"it takes {taken:.3g} s for a row, more than {rules.slowdown:g} times the champion's {usual:.3g} s"
    return ""
