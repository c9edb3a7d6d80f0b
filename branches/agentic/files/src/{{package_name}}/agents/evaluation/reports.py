"""What an evaluation measured, as a file: attempts, what was wrong with them, and what they called."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path

from pydantic import Field, JsonValue, ValidationError

from ...disk import room_for
from ..errors import AgentError
from ..tasks import Record, Status, Usage
from .estimators import Counts, Interval, interval_of_mean, interval_of_rate, pass_at_k, pass_hat_k
from .suite import Requirement


class Called(Record):
    """A call of an attempt.

    Attributes
    ----------
    failed
        Whether it failed or was refused.
    """

    tool: str
    arguments: JsonValue = None
    failed: bool = False


class Attempt(Record):
    """One attempt at a case.

    Attributes
    ----------
    faults
        What checks found wrong; it passed if they found nothing.
    calls
        Its trajectory.
    """

    status: Status
    faults: tuple[str, ...] = ()
    output: JsonValue = None
    reason: str = ""
    calls: tuple[Called, ...] = ()
    usage: Usage = Usage()

    @property
    def passed(self) -> bool:
        """Whether no check found anything wrong."""
        return not self.faults


class CaseReport(Record):
    """All attempts at a case.

    Attributes
    ----------
    digest
        Of the case as it was then.
    """

    name: str
    digest: str
    attempts: tuple[Attempt, ...] = Field(min_length=1)

    @cached_property
    def counts(self) -> Counts:
        """How many passed."""
        return Counts(sum(one.passed for one in self.attempts), len(self.attempts))

    @property
    def usage(self) -> Usage:
        """What all attempts used together."""
        return sum((one.usage for one in self.attempts), start=Usage())


class Estimate(Record):
    """An estimate with its interval."""

    value: float
    low: float
    high: float


class Report(Record):
    """What an evaluation measured.

    Attributes
    ----------
    models
        That answered, as the steps of the attempts name them.
    """

    schema_version: int = 1
    suite: str
    started: datetime
    models: tuple[str, ...]
    confidence: float
    require: Requirement = Requirement()
    cases: tuple[CaseReport, ...] = Field(min_length=1)

    @property
    def repeats(self) -> int:
        """The fewest attempts at one case."""
        return min(case.counts.attempts for case in self.cases)

    def pass_at(self, k: int) -> Estimate:
        """Estimate the mean probability that at least one of `k` attempts at a case passes."""
        return self._mean([pass_at_k(case.counts, k) for case in self.cases])

    def pass_all(self, k: int) -> Estimate:
        """Estimate the mean probability that all of `k` attempts at a case pass: pass^k."""
        return self._mean([pass_hat_k(case.counts, k) for case in self.cases])

    def rate(self, case: CaseReport) -> Interval:
        """Give the interval of the probability that an attempt at a case passes."""
        return interval_of_rate(case.counts, self.confidence)

    def _mean(self, values: list[float]) -> Estimate:
        low, high = interval_of_mean(values, self.confidence)
        return Estimate(value=sum(values) / len(values), low=low, high=high)


def write_report(report: Report, path: Path) -> None:
    """Write a report."""
    with room_for(f"the report {path}", AgentError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report.model_dump_json(indent=1), encoding="utf-8")


def read_report(path: Path) -> Report:
    """Read a report.

    Raises
    ------
    AgentError
        If there is none.
    """
    hint = "`agents evaluate run` writes one"
    try:
        return Report.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AgentError(f"the report {path} can't be read: {error.strerror}", hint=hint) from error
    except (UnicodeDecodeError, ValidationError) as error:
        raise AgentError(f"{path} is no report of an evaluation", hint=hint) from error
