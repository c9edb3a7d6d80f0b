"""Passages, their words and their vectors in one SQLite file."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...sqlite import explained
from ..data.chunks import Chunk, Span
from ..errors import DataError

_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE documents (name TEXT PRIMARY KEY, digest TEXT NOT NULL, problem TEXT NOT NULL);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL REFERENCES documents ON DELETE CASCADE,
    chunk TEXT NOT NULL,
    words INTEGER NOT NULL
);
CREATE INDEX passages_of ON passages (document);
CREATE TABLE words (
    word TEXT NOT NULL, passage INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (word, passage)
) WITHOUT ROWID;
CREATE TABLE vectors (passage INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE, vector BLOB NOT NULL);
"""
_FORMAT = 2
_CACHE = 200_000  # KiB of memory at most: words come in no order
_BUSY = 30  # seconds that one writer waits for another
_WORD = re.compile(r"\w+")
_ENDING = re.compile(r"(?<=\w{3})(?:ings?|ed|e?s)$")
_TITLE = 3  # a word of the title counts as often

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


def words_of(text: str) -> Counter[str]:
    """Count the words of a text without case and the commonest endings.

    Examples
    --------
    >>> words_of("The mills, the mill")
    Counter({'the': 2, 'mill': 2})
    """
    return Counter(_ENDING.sub("", word) for word in _WORD.findall(text.lower()))


def weighted_words(chunk: Chunk) -> Counter[str]:
    """Count the words of a passage; one of the title counts more than one of the text, as BM25F has it."""
    return words_of(chunk.context) + Counter(dict.fromkeys(words_of(chunk.title), _TITLE - 1))


class PassageStore:
    """Passages of documents, kept in a file. Several processes may share it.

    Parameters
    ----------
    path : Path
        SQLite file; it is made. One that is damaged, or of another format, is replaced, and `replaced` says so.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.replaced = path, False
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise DataError(f"the index {path} can't be opened: {error}", hint="look who else uses it") from error
            path.unlink()
            self.replaced = True
            self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None)
        try:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute(f"PRAGMA cache_size = -{_CACHE}")
            database.execute("BEGIN IMMEDIATE")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _TABLES.split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {_FORMAT}")
            database.execute("COMMIT")
            if version not in (0, _FORMAT):
                raise sqlite3.DatabaseError(f"format {version}")
            (fault,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if fault != "ok":
                raise sqlite3.DatabaseError(fault)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep all that is written in the ``with`` block, or nothing of it."""
        with explained(self.path, f"the index {self.path}", DataError):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def fact(self, name: str) -> str:
        """Give what is known by a name, or nothing."""
        found = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def set_fact(self, name: str, value: str) -> None:
        """Keep something by a name."""
        self._database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def digests(self) -> dict[str, str]:
        """Give the digest of each file that was read, or could not be."""
        return dict(self._database.execute("SELECT name, digest FROM documents ORDER BY name"))

    def problems(self) -> dict[str, str]:
        """Say why files could not be read."""
        return dict(self._database.execute("SELECT name, problem FROM documents WHERE problem <> '' ORDER BY name"))

    def put(self, name: str, digest: str, chunks: Iterable[Chunk], problem: str = "") -> None:
        """Put the passages of a document in the place of what was there of it."""
        self.remove(name)
        self._database.execute("INSERT INTO documents VALUES (?, ?, ?)", (name, digest, problem))
        for chunk in chunks:
            counts = weighted_words(chunk)
            row = (name, json.dumps(asdict(chunk), ensure_ascii=False), counts.total())
            passage = self._database.execute(
                "INSERT INTO passages (document, chunk, words) VALUES (?, ?, ?)", row
            ).lastrowid
            postings = [(word, passage, count) for word, count in counts.items()]
            self._database.executemany("INSERT INTO words VALUES (?, ?, ?)", postings)

    def remove(self, name: str) -> None:
        """Remove a document, if it is there."""
        rows = self._database.execute("SELECT id, chunk FROM passages WHERE document = ?", (name,)).fetchall()
        postings = [(word, passage) for passage, chunk in rows for word in weighted_words(_chunk(chunk))]
        self._database.executemany("DELETE FROM words WHERE word = ? AND passage = ?", postings)
        self._database.execute("DELETE FROM documents WHERE name = ?", (name,))

    def clear(self) -> None:
        """Remove all documents."""
        self._database.execute("DELETE FROM words")
        self._database.execute("DELETE FROM documents")

    def lengths(self) -> tuple[Ids, Ids]:
        """Give the ids of all passages in rising order, and their weighted words."""
        rows = self._database.execute("SELECT id, words FROM passages ORDER BY id").fetchall()
        table = np.array(rows, dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def postings(self, word: str) -> tuple[Ids, Ids]:
        """Give the ids of the passages that have a word, and how often each has it."""
        rows = self._database.execute("SELECT passage, count FROM words WHERE word = ?", (word,)).fetchall()
        table = np.array(rows, dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def chunks(self, ids: Sequence[int]) -> dict[int, Chunk]:
        """Give passages by their ids."""
        wanted = json.dumps(list(ids))
        rows = self._database.execute(
            "SELECT id, chunk FROM passages WHERE id IN (SELECT value FROM json_each(?))", (wanted,)
        )
        return {passage: _chunk(chunk) for passage, chunk in rows}

    def passages(self, document: str) -> dict[int, Chunk]:
        """Give the passages of a document by their ids."""
        rows = self._database.execute("SELECT id, chunk FROM passages WHERE document = ? ORDER BY id", (document,))
        return {passage: _chunk(chunk) for passage, chunk in rows}

    def without_vector(self, most: int) -> dict[int, str]:
        """Give the texts of some passages that have no vector, by their ids."""
        rows = self._database.execute(
            "SELECT id, chunk FROM passages WHERE id NOT IN (SELECT passage FROM vectors) ORDER BY id LIMIT ?", (most,)
        )
        return {passage: _chunk(chunk).context for passage, chunk in rows}

    def put_vectors(self, ids: Iterable[int], vectors: Floats) -> None:
        """Keep the vectors of passages that are still there: another process may have removed some meanwhile."""
        rows = ((vector.tobytes(), passage) for passage, vector in zip(ids, vectors.astype("<f4"), strict=True))
        self._database.executemany("INSERT OR REPLACE INTO vectors SELECT id, ? FROM passages WHERE id = ?", rows)

    def clear_vectors(self) -> None:
        """Remove all vectors."""
        self._database.execute("DELETE FROM vectors")

    def vectors(self) -> tuple[Ids, Floats]:
        """Give the ids of the passages that have a vector, and the vectors.

        Returns
        -------
        ndarray of shape (n_passages,), ndarray of shape (n_passages, dimensions)
        """
        rows = self._database.execute("SELECT passage, vector FROM vectors ORDER BY passage").fetchall()
        ids = np.array([passage for passage, _ in rows], dtype=np.int64)
        if not rows:
            return ids, np.zeros((0, 0), np.float32)
        return ids, np.frombuffer(b"".join(vector for _, vector in rows), dtype="<f4").reshape(len(rows), -1)

    def counts(self) -> dict[str, int]:
        """Count documents, passages and vectors."""
        found = self._database.execute(
            "SELECT (SELECT COUNT(*) FROM documents WHERE problem = ''), (SELECT COUNT(*) FROM passages), "
            "(SELECT COUNT(*) FROM vectors)"
        ).fetchone()
        return dict(zip(("documents", "passages", "vectors"), found, strict=True))


def _chunk(text: str) -> Chunk:
    found = json.loads(text)
    units = tuple(Span(**one) for one in found["units"])
    return Chunk(**{**found, "span": Span(**found["span"]), "units": units})
