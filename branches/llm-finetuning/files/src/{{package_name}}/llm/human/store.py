"""What people said about answers: each rating is on the disk before the next answers are shown.

Ratings are added and never changed; the last of a person about an item counts.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from ...config.settings import one_of
from ...sqlite import connected, make_tables
from ..errors import DataError
from ..evaluation.judging import Verdict
from .tasks import Item, Task

FILE = Path("datasets") / "human.db"

_PATIENCE = 30.0  # seconds until another program that writes must be done
_GIVEN = 600.0  # seconds for which an item that somebody looks at counts as if they had rated it
_TABLES = """
CREATE TABLE IF NOT EXISTS tasks (name TEXT PRIMARY KEY, number INTEGER NOT NULL, card TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    task TEXT NOT NULL, id TEXT NOT NULL, place INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (task, id)
);
CREATE TABLE IF NOT EXISTS ratings (
    number INTEGER PRIMARY KEY, task TEXT NOT NULL, item TEXT NOT NULL, annotator TEXT NOT NULL, verdict TEXT NOT NULL,
    scores TEXT NOT NULL, comment TEXT NOT NULL, time REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS ratings_of_an_item ON ratings (task, item, annotator, number);
CREATE TABLE IF NOT EXISTS given (
    task TEXT NOT NULL, annotator TEXT NOT NULL, item TEXT NOT NULL, time REAL NOT NULL, PRIMARY KEY (task, annotator)
);
"""
_LATEST = (
    "SELECT item, annotator, verdict, scores, comment FROM ratings WHERE number IN"
    " (SELECT max(number) FROM ratings WHERE task = ? GROUP BY item, annotator) ORDER BY number"
)


@dataclass(frozen=True, slots=True)
class Rating:
    """What somebody said about an item.

    Attributes
    ----------
    verdict
        Which answer is better.
    scores
        Points of the answers a and b, by the name of the scale.
    """

    item: str
    annotator: str
    verdict: Verdict
    scores: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    comment: str = ""


class HumanStore:
    """Tasks and ratings, in a file that several people may use at once.

    Parameters
    ----------
    path : Path
        An SQLite database, which is made where it is missing.

    Raises
    ------
    DataError
        If it can't be read or written, now or by any of the methods.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        make_tables(path, _TABLES, "tasks", DataError)

    def add(self, task: Task, items: Sequence[Item]) -> None:
        """Keep a task.

        Raises
        ------
        DataError
            If there is one of that name, or no room.
        """
        rows = [(task.name, item.id, place, item.model_dump_json()) for place, item in enumerate(items)]
        try:
            with self._open() as database:
                database.execute(
                    "INSERT INTO tasks SELECT ?, coalesce(max(number), 0) + 1, ? FROM tasks",
                    (task.name, task.model_dump_json()),
                )
                database.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", rows)
        except sqlite3.IntegrityError as error:
            raise DataError(f"there is a task {task.name!r} already", hint="give another --name") from error

    def names(self) -> list[str]:
        """Name the tasks, the newest first."""
        with self._open() as database:
            return [name for (name,) in database.execute("SELECT name FROM tasks ORDER BY number DESC")]

    def task(self, name: str) -> Task:
        """Give a task.

        Raises
        ------
        DataError
            If there is none of that name.
        """
        with self._open() as database:
            found = database.execute("SELECT card FROM tasks WHERE name = ?", (name,)).fetchone()
        if found is None:
            known = self.names()
            hint = one_of(name, known) if known else "`llm evaluate human create` makes one"
            raise DataError(f"there is no task {name!r}", hint=hint)
        return Task.model_validate_json(found[0])

    def items(self, name: str) -> list[Item]:
        """Give the items of a task."""
        with self._open() as database:
            found = database.execute("SELECT content FROM items WHERE task = ? ORDER BY place", (name,))
            return [Item.model_validate_json(content) for (content,) in found]

    def rate(self, task: Task, rating: Rating) -> None:
        """Keep a rating; an earlier one of the same person about the same item counts no more.

        Raises
        ------
        DataError
            If a scale is missing or unknown, points are out of range, or there is no room.
        """
        wanted = sorted(set(task.scales) ^ set(rating.scores))
        if wanted:
            raise DataError(f"{', '.join(wanted)}: rate both answers by {', '.join(task.scales) or 'no scale'}")
        if any(not 1 <= points <= task.points for both in rating.scores.values() for points in both):
            raise DataError(f"points go from 1 to {task.points}")
        scores = json.dumps(dict(rating.scores))
        row = (task.name, rating.item, rating.annotator, rating.verdict, scores, rating.comment, time.time())
        with self._open("the rating") as database:
            database.execute(
                "INSERT INTO ratings (task, item, annotator, verdict, scores, comment, time)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def latest(self, name: str) -> list[Rating]:
        """Give the ratings of a task that count, in the order in which they came."""
        with self._open() as database:
            return [_rating(row) for row in database.execute(_LATEST, (name,))]

    def give(self, task: Task, annotator: str, items: Sequence[str]) -> str | None:
        """Choose what somebody rates next.

        Parameters
        ----------
        task : Task
            Says how many people are wanted for an item.
        annotator : str
            Who asks.
        items : sequence of str
            In the order of this person.

        Returns
        -------
        str or None
            The first item that they have not rated, and for which people are wanted still; None if there is none.
        """
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            known = database.execute("SELECT DISTINCT item, annotator FROM ratings WHERE task = ?", (task.name,))
            people: dict[str, set[str]] = {}
            for item, name in known:
                people.setdefault(item, set()).add(name)
            mine = {item for item, names in people.items() if annotator in names}
            looking = database.execute(
                "SELECT item, annotator FROM given WHERE task = ? AND annotator <> ? AND time > ?",
                (task.name, annotator, time.time() - _GIVEN),
            )
            for item, name in looking:
                people.setdefault(item, set()).add(name)
            for item in items:
                full = task.annotators and len(people.get(item, ())) >= task.annotators
                if item not in mine and not full:
                    row = (task.name, annotator, item, time.time())
                    database.execute("INSERT OR REPLACE INTO given VALUES (?, ?, ?, ?)", row)
                    return item
            database.execute("DELETE FROM given WHERE task = ? AND annotator = ?", (task.name, annotator))
        return None

    def _open(self, what: str = "the task") -> AbstractContextManager[sqlite3.Connection]:
        return connected(self._path, what, DataError, patience=_PATIENCE)


def _rating(row: tuple[str, str, Verdict, str, str]) -> Rating:
    item, annotator, verdict, scores, comment = row
    points = {name: (both[0], both[1]) for name, both in json.loads(scores).items()}
    return Rating(item, annotator, verdict, points, comment)
