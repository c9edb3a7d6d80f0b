"""How far streams are, as marks of the online store: those of a part lie below it, and go when it is dropped."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

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


def known_until(marks: Mapping[str, str], plan: Plan) -> int | None:
    """Tell until when rows are there, in microseconds: what tables brought, or the newest event of a stream.

    Parameters
    ----------
    marks
        All of a store.

    Returns
    -------
    int or None
        None if nothing was written, or a table is read for the first time.
    """
    told = orjson.loads(marks.get(plan.part, "{}"))
    if "first" in told:
        return None
    streamed = [orjson.loads(one) for name, one in marks.items() if name.startswith(stream_prefix(plan))]
    times = [told.get("until"), *(one.get("newest") for one in streamed)]
    return max((one for one in times if one is not None), default=None)
