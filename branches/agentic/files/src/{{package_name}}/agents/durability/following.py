"""Following a run that others do, from its first event to its end."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..events import Event
from ..tasks import Status
from .store import RunStore

_LOOK = 0.25  # seconds between two looks for new events


def follow(store: RunStore, task_id: str) -> Iterator[Event | Status]:
    """Give the events of a run as they come, and how it stands whenever that changes, until it is over.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    """
    after, told = 0, None
    while True:
        status = store.summary(task_id).status  # first: once it says that a run is over, all its events are there
        events = store.events(task_id, after)
        yield from events
        if events:
            after = events[-1].sequence
            continue
        if status is not told:
            told = status
            yield status
        if status.ended:
            return
        time.sleep(_LOOK)
