"""Rows that tables bring, and that may be in the online store already: of an interrupted run, or of a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from .features import OnlineFeatures
from .plan import HEAD, Kept, Plan, to_line
from .protocol import Lines
from .state import State

OfEntity: TypeAlias = tuple[str, Sequence[Kept]]
"""The key of an entity, and rows of it."""


def lacking(online: OnlineFeatures, plan: Plan, many: Sequence[OfEntity]) -> list[Lines]:
    """Leave out the rows that are there; places can't tell, as those of a table may move when rows are added to it."""
    found = []
    there = online.store.states([(plan.part, key) for key, _ in many])
    for (key, rows), data in zip(many, there, strict=True):
        left = rows if data is None else _new(rows, State.from_bytes(plan, data).rows)
        if left:
            found.append(Lines(plan.part, key, b"".join(map(to_line, left)), len(left)))
    return found


def _new(rows: Sequence[Kept], known: Sequence[Kept]) -> list[Kept]:
    same = Counter(map(_content, known))
    taken = {tuple(row[:HEAD]) for row in known}
    after = max(row[2] for row in (*known, *rows))  # what moves must not take the place of one that comes after it
    found = []
    for row in rows:
        if same[content := _content(row)]:
            same[content] -= 1
            continue
        if tuple(row[:HEAD]) in taken:  # by another row, which had this place once
            after += 1
            found.append([*row[:2], after, *row[HEAD:]])
        else:
            found.append(row)
    return found


def _content(row: Kept) -> bytes:
    return to_line([*row[:2], *row[HEAD:]])
