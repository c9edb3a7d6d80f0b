"""What is kept of a run, for other programs and for people who ask what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from .opening import Durability

_PAGE = 1_000


def lines_of(kept: Durability, task_id: str) -> Iterator[str]:
    """Give lines of JSON, each with its `type`: the run, its approvals, its events.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    """
    yield _line("run", kept.store.get(task_id).model_dump(mode="json"))
    for approval in kept.store.approvals(task_id, open_only=False):
        yield _line("approval", approval.model_dump(mode="json"))
    after = 0
    while events := kept.store.events(task_id, after, _PAGE):
        for event in events:
            yield _line("event", event.model_dump(mode="json"))
        after = events[-1].sequence


def _line(kind: str, value: object) -> str:
    return orjson.dumps({"type": kind, kind: value}).decode()
