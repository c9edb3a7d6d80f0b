"""What serving gives to those who ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..monitoring.predictions import Prediction, Role
from .config import TrafficConfig
from .loading import Slot
from .rows import Row
from .tally import Tally


@dataclass(frozen=True, slots=True)
class Answer:
    """One predicted row.

    Attributes
    ----------
    id
        What a label that arrives later refers to.
    probabilities
        By class; None for regression.
    """

    id: str
    prediction: Prediction
    probabilities: dict[str, float] | None
    version: int
    role: Role


@dataclass(frozen=True, slots=True)
class Request:
    """Rows that one model is asked about.

    Attributes
    ----------
    id
        The ids of the answers begin with it.
    request_id
        What the caller knows it by.
    keep
        Whether the answers go to the prediction log.
    """

    id: str
    request_id: str
    slot: Slot
    rows: Sequence[Row]
    keep: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be answered.

    Attributes
    ----------
    status
        `degraded` if models answer and something is wrong all the same; `unavailable` if none can answer.
    """

    status: Literal["ready", "degraded", "unavailable"]
    problems: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether models answer."""
        return self.status != "unavailable"

    def beside(self, other: Readiness) -> Readiness:
        """Tell it of both: together they can answer if one can, and something is wrong if it is with one."""
        status: Literal["ready", "degraded", "unavailable"] = "degraded"
        if self.status == other.status:
            status = self.status
        return Readiness(status, (*self.problems, *other.problems))


@dataclass(frozen=True, slots=True)
class State:
    """One model as it is served now, with what its versions did in this process."""

    slot: Slot
    traffic: TrafficConfig
    champion: Tally | None
    challenger: Tally | None
