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

Seen: TypeAlias = dict[tuple[str, str], Counter[bytes]]
"""Rows that were looked at before, by part and key: each stands for one that is there by now."""


def lacking(online: OnlineFeatures, plan: Plan, many: Sequence[OfEntity], seen: Seen | None = None) -> list[Lines]:
    """Leave out the rows that are there; places can't tell, as those of a table may move when rows are added to it.

    Parameters
    ----------
    seen
        Rows of earlier calls: what is there because of them is none of these, though it be equal.
    """
    found = []
    there = online.store.states([(plan.part, key) for key, _ in many])
    for (key, rows), data in zip(many, there, strict=True):
        before = (seen or {}).get((plan.part, key), Counter())
        left = rows if data is None else _new(rows, State.from_bytes(plan, data).rows, before)
        if left:
            found.append(Lines(plan.part, key, b"".join(map(to_line, left)), len(left)))
    return found


def see(seen: Seen, plan: Plan, many: Sequence[OfEntity]) -> None:
    """Note rows as looked at, when those that lacked are there."""
    for key, rows in many:
        seen.setdefault((plan.part, key), Counter()).update(map(_content, rows))


def _new(rows: Sequence[Kept], known: Sequence[Kept], before: Counter[bytes]) -> list[Kept]:
    same = Counter(map(_content, known)) - before
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
