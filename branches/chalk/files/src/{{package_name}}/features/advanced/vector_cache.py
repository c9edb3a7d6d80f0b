"""Vectors of texts that were embedded before, in a file of bounded size."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...sqlite import connected, make_tables
from ..errors import FeatureError
from .text_models import TextModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TABLE = """
CREATE TABLE IF NOT EXISTS vectors (place INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, vector BLOB NOT NULL);
"""
_WHAT = "vectors of texts"
_BATCH = 256  # texts that are embedded, and kept, at once
_LOOKED_UP = 500  # at once: SQLite limits the values of a statement
_MEGABYTE = 1_000_000


class VectorCache:
    """Vectors by the content of the model and of the text: another model, or a changed one, finds none of them.

    Each batch is kept as a whole as soon as it is embedded, so that a program that was killed goes on from there.
    Several programs can use one file.

    Parameters
    ----------
    path
        The file, of SQLite.
    megabytes
        What it may grow to; then the oldest vectors go.
    """

    def __init__(self, path: Path, megabytes: int) -> None:
        self._path = path
        self._most = megabytes * _MEGABYTE
        make_tables(path, _TABLE, _WHAT, FeatureError)

    def embed(self, model: TextModel, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give the vectors of texts, shape (n_texts, n_dimensions); only those not known are computed."""
        digests = [sha256(f"{model.name}\0{text}".encode(errors="surrogatepass")).digest() for text in texts]
        wanted = dict(zip(digests, texts, strict=True))
        known = self._known(list(wanted))
        unknown = [digest for digest in wanted if digest not in known]
        for start in range(0, len(unknown), _BATCH):
            batch = unknown[start : start + _BATCH]
            vectors = model.embed([wanted[digest] for digest in batch])
            known.update(zip(batch, vectors, strict=True))
            self._keep(batch, vectors)
        return np.stack([known[digest] for digest in digests])

    def _known(self, digests: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
        found: dict[bytes, NDArray[np.float32]] = {}
        with connected(self._path, _WHAT, FeatureError, durable=False) as connection:
            for start in range(0, len(digests), _LOOKED_UP):
                asked = digests[start : start + _LOOKED_UP]
                marks = ",".join("?" * len(asked))
                rows = connection.execute(f"SELECT digest, vector FROM vectors WHERE digest IN ({marks})", asked)
                found.update((digest, np.frombuffer(vector, dtype="<f4")) for digest, vector in rows)
        return found

    def _keep(self, digests: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        rows = [(digest, vector.astype("<f4").tobytes()) for digest, vector in zip(digests, vectors, strict=True)]
        with connected(self._path, _WHAT, FeatureError, durable=False) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR IGNORE INTO vectors (digest, vector) VALUES (?, ?)", rows)
            while self._used(connection) > self._most and self._drop_oldest(connection):
                pass

    def _used(self, connection: sqlite3.Connection) -> int:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _drop_oldest(self, connection: sqlite3.Connection) -> int:
        oldest = "SELECT place FROM vectors ORDER BY place LIMIT max(1, (SELECT count(*) FROM vectors) / 10)"
        return connection.execute(f"DELETE FROM vectors WHERE place IN ({oldest})").rowcount
