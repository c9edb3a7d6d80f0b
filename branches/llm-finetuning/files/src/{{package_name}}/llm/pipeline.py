"""From a folder of documents to splits, the same way for every command."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import Any

from .data.chunks import Chunk, chunk_document
from .data.config import DataConfig, QualityConfig
from .data.documents import DocumentFolder, read_documents
from .data.examples import Row
from .data.pairs import Pair, make_pairs, unrepeated
from .data.quality import Judged, judge
from .data.splits import Splits, split_rows

GOLDEN_PROMPTS = 8


@dataclass(frozen=True)
class Prepared:
    """What a folder of documents gave.

    Attributes
    ----------
    folder : DocumentFolder
        The documents, and the files that were skipped.
    chunks : list of Chunk
        All passages.
    judged : list of Judged
        All question-answer pairs, with scores.
    settings : DataConfig
        How documents were read and cut, and how pairs are split.
    quality : QualityConfig
        What was asked of pairs.
    """

    folder: DocumentFolder
    chunks: list[Chunk]
    judged: list[Judged]
    settings: DataConfig
    quality: QualityConfig

    @cached_property
    def pairs(self) -> list[Pair]:
        """The pairs that are good enough."""
        return [one.pair for one in self.judged if one.accepted]

    @property
    def without_pairs(self) -> list[str]:
        """Names of the documents that gave no pair."""
        used = {pair.document for pair in self.pairs}
        return [document.name for document in self.folder.documents if document.name not in used]

    @property
    def skipped(self) -> dict[str, str]:
        """Files that were not read, and why."""
        return {file.name: file.reason for file in self.folder.skipped}

    def tell(self) -> None:
        """Say what was read, and warn of what was not."""
        from .console import tell_documents

        tell_documents(self)

    def rows(self, *, seed: int) -> list[Pair]:
        """Give all pairs: they don't depend on the seed."""
        return self.pairs

    def facts(self) -> dict[str, Any]:
        """Say for the card of a dataset what its pairs were made of."""
        return {
            "source": {"documents": {document.name: _sha256(document.text) for document in self.folder.documents}},
            "settings": {"data": self.settings.model_dump(mode="json"), "quality": self.quality.model_dump()},
            "skipped": self.skipped,
            "masked": dict(sum(self.folder.masked.values(), Counter[str]())),
            "left_out": [
                {"question": one.pair.question, "document": one.pair.document, "reasons": list(one.reasons)}
                for one in self.judged
                if not one.accepted
            ],
            "mean_score": round(mean(one.score for one in self.judged if one.accepted), 4),
        }

    def split(self, *, seed: int) -> Splits[Pair]:
        """Split the pairs as the configuration says."""
        return split_rows(self.pairs, self.settings, seed=seed, similarity=self.quality.similarity)


def prepare(documents: Path, settings: DataConfig | None = None, quality: QualityConfig | None = None) -> Prepared:
    """Read a folder and make the chunks and pairs of its documents.

    Parameters
    ----------
    documents : Path
        The folder.
    settings : DataConfig, optional
        How documents are read and cut; the defaults without.
    quality : QualityConfig, optional
        What is asked of pairs; the defaults without.

    Raises
    ------
    DataError
        If there is no usable document.
    """
    wanted, asked = settings or DataConfig(), quality or QualityConfig()
    folder = read_documents(
        documents,
        encoding=wanted.encoding,
        max_megabytes=wanted.max_megabytes,
        mask_private=wanted.mask_private,
    )
    units = wanted.max_sentences
    chunks = [chunk for document in folder.documents for chunk in chunk_document(document, max_units=units)]
    blanks = wanted.questions_per_fact > 1
    pairs = unrepeated(pair for chunk in chunks for pair in make_pairs(chunk, blanks=blanks))
    return Prepared(folder, chunks, judge(pairs, asked), wanted, asked)


def golden_prompts(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Choose prompts that a model must answer alike in every form that it takes: adapter, merged, served."""
    chosen = [rows[index] for index in spread(rows, GOLDEN_PROMPTS)]
    return [{"context": row.context, "question": row.question} for row in chosen]


def spread(pairs: Sequence[object], count: int) -> list[int]:
    """Choose positions of about evenly spaced pairs, so that a sample shows many documents.

    Examples
    --------
    >>> spread(range(9), 3)
    [0, 3, 6]
    """
    wanted = min(count, len(pairs))
    return [index * len(pairs) // wanted for index in range(wanted)]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
