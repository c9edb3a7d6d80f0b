"""What can be wrong with a question to a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import ProjectError

_SHOWN = 5


class ServingError(ProjectError):
    """A model that can't answer."""


class UnknownModelError(ServingError):
    """There is no model of this name."""


class NotServedError(ServingError):
    """The model is known, or may be, and can't answer yet."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value.

    Attributes
    ----------
    row
        Counts from 0.
    """

    row: int
    column: str
    problem: str


class RowsError(ServingError):
    """Rows that are not what a model takes.

    Attributes
    ----------
    faults
        Each of them, or the first hundred.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        shown = "; ".join(f"row {one.row}, {one.column!r}: {one.problem}" for one in faults[:_SHOWN])
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        super().__init__(f"the rows have {len(faults)} faults: {shown}{more}", hint="look at the model's signature")


class SizeError(ServingError):
    """No rows, or too many.

    Attributes
    ----------
    limit
        Most rows of one request.
    """

    def __init__(self, rows: int, limit: int) -> None:
        self.rows, self.limit = rows, limit
        message = f"{rows} rows are more than the {limit} of one request" if rows else "there are no rows"
        super().__init__(message, hint="send them in parts" if rows else "send at least one")


class LabelsError(ServingError):
    """Labels that a model can't have been asked for.

    Attributes
    ----------
    faults
        What is wrong, by the id of the prediction.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = dict(faults)
        name, problem = next(iter(faults.items()))
        super().__init__(
            f"{len(faults)} labels are wrong: that of {name} {problem}", hint="send them again, all of them"
        )
