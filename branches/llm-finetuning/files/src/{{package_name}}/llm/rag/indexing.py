"""Keeping an index at what the documents say.

folder → files that changed → passages, words → vectors of those that have none
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.chunks import chunk_document
from ..data.config import DataConfig
from ..data.documents import files_of, read_document
from ..data.readers import UnusableFileError
from ..errors import DataError
from .store import PassageStore

if TYPE_CHECKING:
    from ..evaluation.embeddings import Embedder

FOLDER = Path("indexes")
_SETTINGS, _MODEL, _PROBE = "settings", "embedding_model", "probe"
_PROBE_TEXT = "What a model makes of this text tells whether it is the same."
_SAME = 0.999  # cosine; another device rounds otherwise, another model is far off
_BATCH = 256  # passages
_TOGETHER = 50  # documents


@dataclass
class Update:
    """What became of an index.

    Attributes
    ----------
    new, changed, gone, kept : int
        Documents.
    embedded : int
        Passages that got a vector.
    rebuilt : list of str
        Why parts were made anew.
    problems : dict of str to str
        Files that can't be read, and why.
    """

    new: int = 0
    changed: int = 0
    gone: int = 0
    kept: int = 0
    embedded: int = 0
    rebuilt: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        told = f"{self.new} documents new, {self.changed} changed, {self.gone} gone, {self.kept} as before"
        return f"{told}; {self.embedded} passages embedded" if self.embedded else told


def index_path(root: Path, folder: Path) -> Path:
    """Say where the index of a folder is."""
    digest = hashlib.sha256(folder.resolve().as_posix().encode()).hexdigest()
    return root / FOLDER / f"{folder.name or 'documents'}-{digest[:8]}.db"


def update_documents(store: PassageStore, folder: Path, settings: DataConfig) -> Update:
    """Read what is new or has changed, and forget what is gone. A document is there whole or not at all.

    Some documents are written together: each time, the disk is waited for.

    Raises
    ------
    DataError
        If there is no such folder, no document in it can be read, or another process reads it by other settings.
    """
    files = dict(files_of(folder))
    done = Update(rebuilt=["the file was damaged, or of another format"] if store.replaced else [])
    told = json.dumps(
        [settings.encoding, settings.max_megabytes, settings.mask_private, settings.max_sentences], sort_keys=True
    )
    if store.fact(_SETTINGS) != told:
        with store.writing():
            if store.fact(_SETTINGS):
                done.rebuilt.append("documents are read or cut otherwise")
            store.clear()
            store.set_fact(_SETTINGS, told)
    known = store.digests()
    gone = known.keys() - files.keys()
    with store.writing():
        for name in gone:
            store.remove(name)
    digests = {name: _digest(path) for name, path in files.items()}
    changed = [name for name, digest in digests.items() if known.get(name) != digest]
    for start in range(0, len(changed), _TOGETHER):
        with store.writing():
            _check_unchanged(store, {_SETTINGS: told})
            for name in changed[start : start + _TOGETHER]:
                _put(store, name, files[name], digests[name], settings)
    done.gone, done.kept = len(gone), len(files) - len(changed)
    done.changed = sum(name in known for name in changed)
    done.new = len(changed) - done.changed
    done.problems = store.problems()
    if not store.counts()["documents"]:
        found = "".join(f"\n  {name}: {reason}" for name, reason in done.problems.items())
        raise DataError(f"no usable document in {folder}{found}", hint="name another folder with --documents")
    return done


def _digest(path: Path) -> str:
    """Tell versions of a file apart; one that can't be read now may be readable later."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"{error.strerror}"


def _put(store: PassageStore, name: str, path: Path, digest: str, settings: DataConfig) -> None:
    try:
        document, _ = read_document(
            path,
            name,
            encoding=settings.encoding,
            max_megabytes=settings.max_megabytes,
            mask_private=settings.mask_private,
        )
    except UnusableFileError as error:
        store.put(name, digest, [], str(error))
        return
    store.put(name, digest, chunk_document(document, max_units=settings.max_sentences))


def update_vectors(
    store: PassageStore,
    embedder: Embedder,
    name: str,
    done: Update,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Embed the passages that have no vector; all, if the vectors are of another model. Batch after batch is kept.

    A model is known by its name, and by what it makes of one text: so one that was replaced is noticed.

    Parameters
    ----------
    embedder : Embedder
        The model.
    name : str
        What the configuration calls it.
    done : Update
        Is told what became of the index.
    on_progress : callable
        Is told how many passages have a vector, of how many.

    Raises
    ------
    DataError
        If another process embeds the same with another model.
    """
    probe = embedder.embed([_PROBE_TEXT])[0]
    with store.writing():
        before, known = store.fact(_MODEL), np.array(json.loads(store.fact(_PROBE) or "[]"), dtype=np.float32)
        if before != name or known.shape != probe.shape or float(known @ probe) < _SAME:
            if before:
                reason = f"{name} has changed" if before == name else f"{name} takes the place of {before}"
                done.rebuilt.append(f"vectors: {reason}")
            store.clear_vectors()
            store.set_fact(_MODEL, name)
            store.set_fact(_PROBE, json.dumps([float(value) for value in probe]))
        mine = {_MODEL: name, _PROBE: store.fact(_PROBE)}
    while texts := store.without_vector(_BATCH):
        vectors = embedder.embed(list(texts.values()))
        with store.writing():
            _check_unchanged(store, mine)
            store.put_vectors(texts, vectors)
        done.embedded += len(texts)
        counts = store.counts()
        on_progress(counts["vectors"], counts["passages"])


def _check_unchanged(store: PassageStore, facts: Mapping[str, str]) -> None:
    """Refuse to mix what two processes make of the same documents by different settings."""
    if any(store.fact(name) != value for name, value in facts.items()):
        raise DataError(
            f"another process has made the index {store.path} anew by other settings",
            hint="let it end, and run this again; one index has one embedding model, and one way to cut documents",
        )


def model_of(store: PassageStore) -> str:
    """Name the model that the vectors are of."""
    return store.fact(_MODEL)
