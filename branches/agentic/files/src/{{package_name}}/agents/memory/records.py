"""What a memory is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from pydantic import Field

from ..tasks import Record


class Entry(Record):
    """One memory.

    Attributes
    ----------
    kind
        `fact` is what someone stated, `episode` what came of a task.
    user
        Whose it is: only tasks of that user see it.
    source
        Where it comes from: a person, or the id of a task.
    tainted
        Whether it holds, or was made from, text that nobody vouches for. It stays so.
    expires
        When it is forgotten; never if none.
    """

    id: str = Field(default_factory=lambda: uuid4().hex)
    kind: Literal["fact", "episode"]
    user: str
    text: str
    source: str
    tainted: bool = False
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    expires: datetime | None = None
