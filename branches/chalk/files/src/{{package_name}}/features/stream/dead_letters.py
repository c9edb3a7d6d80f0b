"""Events that could not be used, with the reason: kept to be looked at, and to be sent again when the cause is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

import orjson

from ...sqlite import connected, make_tables
from ..errors import FeatureError
from .intake import DeadLetter
from .messages import Payload

Place: TypeAlias = tuple[str, int, int]
"""Topic, partition and offset of an event."""

Forward: TypeAlias = Callable[[str, Sequence[DeadLetter]], None]

_TABLE = """
CREATE TABLE IF NOT EXISTS dead_letters (
    topic TEXT NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL,
    detail TEXT NOT NULL, payload BLOB NOT NULL, at TEXT NOT NULL, PRIMARY KEY (topic, number, place)
) WITHOUT ROWID;
"""
_ADD = "INSERT OR REPLACE INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM dead_letters WHERE topic = ? AND number = ? AND place = ?"
_PAGE = """
SELECT topic, number, place, source, payload FROM dead_letters
WHERE (topic, number, place) > (?, ?, ?) AND source = coalesce(?, source) AND reason = coalesce(?, reason)
ORDER BY topic, number, place LIMIT ?
"""
_WHAT = "dead letters"


class StoredLetter(NamedTuple):
    """A dead letter as it was sent."""

    topic: str
    number: int
    place: int
    source: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter as it is shown.

    Attributes
    ----------
    payload
        The event; bytes that are no UTF-8 are escaped.
    at
        When it was found.
    """

    topic: str
    partition: int
    offset: int
    source: str
    reason: str
    detail: str
    payload: str
    at: str


class DeadLetters:
    """A file of dead letters. An event that is delivered again is in it once.

    Parameters
    ----------
    path
        The file, which is made where it is missing.
    forward
        Sends them to somewhere else too, such as a topic, before the stream goes on.
    """

    def __init__(self, path: Path, forward: Forward | None = None) -> None:
        self._path, self._forward = path, forward
        make_tables(path, _TABLE, _WHAT, FeatureError)

    def add(self, source: str, letters: Sequence[DeadLetter]) -> None:
        """Keep letters.

        Raises
        ------
        FeatureError
            If the file can't be written.
        """
        self.keep(source, letters)
        if self._forward is not None:
            self._forward(source, letters)

    def keep(self, source: str, letters: Sequence[DeadLetter]) -> None:
        """Keep letters, and send them nowhere else; those that are there get the reason of now.

        Raises
        ------
        FeatureError
            If the file can't be written.
        """
        at = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [(*_place(one), source, str(one.reason), one.detail, as_bytes(one.payload), at) for one in letters]
        with connected(self._path, _WHAT, FeatureError) as connection:
            connection.executemany(_ADD, rows)

    def forget(self, places: Iterable[Place]) -> None:
        """Forget letters that became rows, as a whole or not at all.

        Raises
        ------
        FeatureError
            If the file can't be written.
        """
        with connected(self._path, _WHAT, FeatureError) as connection:
            connection.executemany(_REMOVE, places)

    def page(
        self, after: StoredLetter | None, limit: int, *, source: str | None = None, reason: str | None = None
    ) -> list[StoredLetter]:
        """Give some as they were sent, in the order of their offsets, from the one after a letter on."""
        begin = ("", -1, -1) if after is None else after[:3]
        with connected(self._path, _WHAT, FeatureError) as connection:
            rows = connection.execute(_PAGE, (*begin, source, reason, limit)).fetchall()
        return [StoredLetter(*row) for row in rows]

    def counts(self) -> dict[tuple[str, str], int]:
        """Count them by source and reason."""
        query = "SELECT source, reason, count(*) FROM dead_letters GROUP BY source, reason ORDER BY source, reason"
        with connected(self._path, _WHAT, FeatureError) as connection:
            return {(source, reason): count for source, reason, count in connection.execute(query)}

    def read(self, *, source: str | None = None, reason: str | None = None, limit: int = -1) -> Iterator[KeptLetter]:
        """Give them in the order of their offsets.

        Parameters
        ----------
        limit
            At most so many; all if negative.
        """
        query = (
            "SELECT topic, number, place, source, reason, detail, payload, at FROM dead_letters "
            "WHERE source = coalesce(?, source) AND reason = coalesce(?, reason) ORDER BY topic, number, place LIMIT ?"
        )
        with (
            connected(self._path, _WHAT, FeatureError) as connection,
            closing(connection.execute(query, (source, reason, limit))) as rows,
        ):
            for topic, number, place, origin, why, detail, payload, at in rows:
                text = payload.decode(errors="backslashreplace")
                yield KeptLetter(topic, number, place, origin, why, detail, text, at)


def _place(one: DeadLetter) -> Place:
    topic, number, file = one.partition
    return f"{topic}/{file}" if file else topic, number, one.offset


def as_bytes(payload: Payload) -> bytes:
    """Write a payload: bytes stay, a row becomes JSON, and what JSON does not have becomes text."""
    if isinstance(payload, bytes):
        return payload
    return orjson.dumps(dict(payload), default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
