"""From the configuration to a retriever whose index is up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..console import console
from ..options import Settings
from .config import RagConfig
from .indexing import Update, index_path, update_documents, update_vectors
from .retrieval import Retriever
from .store import PassageStore

if TYPE_CHECKING:
    from ..evaluation.embeddings import Embedder


@contextmanager
def open_retriever(settings: Settings) -> Iterator[tuple[Retriever, Update]]:
    """Open the index of the documents, after what has changed in them was read, and say so.

    Raises
    ------
    DataError
        If there are no documents, or no room for the index.
    ModelError
        If vectors are wanted, and the embedding model is not there.
    """
    config = settings.config
    with PassageStore(index_path(settings.root, settings.source)) as store:
        done = update_documents(store, settings.source, config.data)
        embedder = _embedder(settings, config.rag)
        if embedder is not None:
            with console.status("embedding passages") as status:
                update_vectors(
                    store,
                    embedder,
                    config.evaluation.embedding_model,
                    done,
                    lambda made, all_: status.update(f"{made} of {all_} passages embedded"),
                )
        _tell(done)
        yield Retriever(store, config.rag, embedder), done


def _embedder(settings: Settings, rag: RagConfig) -> Embedder | None:
    if rag.method == "bm25":
        return None
    from ..evaluation.embeddings import Embedder
    from ..process import quiet_transformers

    quiet_transformers()
    return Embedder.open(settings.config.evaluation.embedding_model, settings.config.model.device)


def _tell(done: Update) -> None:
    for reason in done.rebuilt:
        console.print(f"index made anew: {reason}", soft_wrap=True)
    for name, problem in done.problems.items():
        console.print(f"warning: {name} is not in the index: {problem}", soft_wrap=True)
    if done.new or done.changed or done.gone or done.embedded:
        console.print(f"index: {done}", soft_wrap=True)
