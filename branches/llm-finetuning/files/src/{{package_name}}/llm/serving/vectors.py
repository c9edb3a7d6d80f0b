"""Vectors of texts that were asked for before, in a file: the next request for the same text has them from there."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...logs import get_logger
from ...sqlite import connect

FILE = Path(".vectors") / "vectors.db"

_log = get_logger(__name__)


class KeptVectors:
    """Vectors on disk; without the file, nothing is kept and nothing fails.

    Parameters
    ----------
    file
        SQLite database; made if it is not there.
    model : str
        Fingerprint of the model; vectors of another one are not taken for its own.
    most
        Vectors that are kept; more push the oldest out.
    """

    def __init__(self, file: Path, model: str, most: int) -> None:
        self._model, self._most = model, most
        self._database: sqlite3.Connection | None = None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = connect(file, patience=5, durable=False, any_thread=True)
            self._database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB UNIQUE, vector BLOB)")
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def find(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Give the vectors of those texts that have one."""
        found: dict[str, NDArray[np.float32]] = {}
        if self._database is None:
            return found
        try:
            for text in dict.fromkeys(texts):
                row = self._database.execute("SELECT vector FROM vectors WHERE key = ?", (self._key(text),)).fetchone()
                if row is not None:
                    found[text] = np.frombuffer(row[0], np.float32)
        except sqlite3.Error as error:
            self._give_up(error)
        return found

    def keep(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep vectors, and drop the oldest ones that are too many."""
        if self._database is None:
            return
        rows = [(self._key(text), vector.tobytes()) for text, vector in vectors.items()]
        try:
            with self._database as database:
                database.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
                database.execute(
                    "DELETE FROM vectors WHERE rowid <= (SELECT max(rowid) FROM vectors) - ?", (self._most,)
                )
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the file."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._model}\n{text}".encode("utf-8", "surrogatepass")).digest()

    def _give_up(self, error: Exception) -> None:
        _log.warning("vectors are not kept", reason=str(error))
        with suppress(sqlite3.Error):
            self.close()


def fingerprint(model: Any) -> str:
    """Tell a model of sentence-transformers from every other by its weights and the settings of its parts."""
    import torch

    found = hashlib.sha256(f"{model} {model.max_seq_length}".encode())
    for name, tensor in model.state_dict().items():
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return found.hexdigest()
