"""How far streams are, as marks of the online store: those of a part lie below it, and go when it is dropped."""

from __future__ import annotations

from .plan import Plan
from .protocol import OnlineStore

PARTITIONS = 4096
NUMBERED, UNNUMBERED = PARTITIONS - 1, PARTITIONS - 2  # of rows at hand; no broker has as many partitions


def stream_prefix(plan: Plan) -> str:
    """Give what the marks of a plan's streams begin with."""
    return f"{plan.part}/stream/"


def is_streamed(store: OnlineStore, plan: Plan) -> bool:
    """Tell whether a stream brings the rows of a plan; rows at hand that somebody wrote are none."""
    return any(int(name.rpartition("/")[2]) < UNNUMBERED for name in store.marks(stream_prefix(plan)))
