"""Building a dataset: rows → splits → a version with its card."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean, median
from typing import Any

from ..config import DataConfig, QualityConfig
from ..errors import DataError
from ..pipeline import Prepared, prepare, spread
from .duplicates import repeated
from .examples import Message, Row
from .language import language_of
from .pairs import Pair
from .privacy import mask_together
from .splits import RowType_co, Splits, split_rows
from .store import DatasetStore, Version


class TrainingDataGenerator:
    """Makes training data of a folder of documents.

    Parameters
    ----------
    settings : DataConfig, optional
        Where the documents are, and how they are read and split; the defaults without.
    quality : QualityConfig, optional
        What is asked of pairs; the defaults without.

    Examples
    --------
    >>> training_data = TrainingDataGenerator().generate_dataset(size=1000)  # doctest: +SKIP
    >>> LLMTrainer().fine_tune(dataset=training_data)  # doctest: +SKIP
    """

    def __init__(self, settings: DataConfig | None = None, quality: QualityConfig | None = None) -> None:
        self.settings = settings or DataConfig()
        self.quality = quality or QualityConfig()

    def generate_dataset(self, size: int = 1000, seed: int = 0) -> Splits[Pair]:
        """Make pairs by rules, and split them.

        Facts are asked a second time, as blanks to fill in, where asking once gives too few.

        Parameters
        ----------
        size : int
            How many pairs, in all splits together. More than are there are spread over the documents.
        seed : int
            Seed of the splits.

        Raises
        ------
        DataError
            If the documents don't give so many.
        """
        prepared = prepare(self.settings.documents, self.settings, self.quality)
        if len(prepared.pairs) < size:
            twice = self.settings.model_copy(update={"questions_per_fact": 2})
            prepared = prepare(self.settings.documents, twice, self.quality)
        if len(prepared.pairs) < size:
            raise DataError(
                f"{len(prepared.folder.documents)} documents give {len(prepared.pairs)} pairs, fewer than {size}",
                hint="add documents, or ask for a smaller size",
            )
        chosen = [prepared.pairs[index] for index in spread(prepared.pairs, size)]
        return split_rows(chosen, self.settings, seed=seed, similarity=self.quality.similarity)


def build(
    store: DatasetStore, name: str, prepared: Prepared, seed: int = 0, about: Mapping[str, Any] | None = None
) -> Version:
    """Split the pairs of documents and keep them as a version, with more about it on its card."""
    splits = prepared.split(seed=seed)
    settings = {"data": prepared.settings.model_dump(mode="json"), "quality": prepared.quality.model_dump()}
    facts = {
        "source": {"documents": {document.name: _sha256(document.text) for document in prepared.folder.documents}},
        "settings": {**settings, "seed": seed},
        "skipped": {file.name: file.reason for file in prepared.folder.skipped},
        "masked": dict(sum(prepared.folder.masked.values(), Counter[str]())),
        "left_out": [
            {"question": one.pair.question, "document": one.pair.document, "reasons": list(one.reasons)}
            for one in prepared.judged
            if not one.accepted
        ],
        "mean_score": round(mean(one.score for one in prepared.judged if one.accepted), 4),
    }
    return store.save(name, splits, {**facts, **(about or {}), **describe(splits)})


def distinct(rows: Sequence[RowType_co], similarity: float) -> list[RowType_co]:
    """Leave out the later of two near-duplicates."""
    out = repeated([f"{row.question}\n{row.answer}" for row in rows], similarity)
    return [row for index, row in enumerate(rows) if index not in out]


def masked(rows: Sequence[Row]) -> tuple[list[Row], Counter[str]]:
    """Mask personal data and secrets in rows that were made elsewhere, and count them.

    What is a secret in one text of a row is one in its others.
    """
    found = Counter[str]()
    done: list[Row] = []
    for row in rows:
        if isinstance(row, Pair):
            (question, context, answer), counts = mask_together([row.question, row.context, row.answer])
            done.append(replace(row, question=question, context=context, answer=answer))
        else:
            (rejected, *said), counts = mask_together([row.rejected, *(one.content for one in row.messages)])
            messages = tuple(Message(one.role, text) for one, text in zip(row.messages, said, strict=True))
            done.append(replace(row, messages=messages, rejected=rejected))
        found.update(counts)
    return done, found


def describe(splits: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Measure a dataset for its card: how many of what, and how long.

    Raises
    ------
    DataError
        If there is nothing in it.
    """
    rows = [row for part in splits.values() for row in part]
    if not rows:
        raise DataError("nothing is left in the dataset", hint="let in more rows")
    words = [len(row.answer.split()) for row in rows]
    vocabulary = {word for row in rows for word in f"{row.question} {row.answer}".casefold().split()}
    return {
        "documents": {name: len({row.document for row in part}) for name, part in splits.items()},
        "topics": {name: dict(Counter(row.topic for row in part).most_common()) for name, part in splits.items()},
        "rules": dict(Counter(row.rule for row in rows).most_common()),
        "languages": dict(Counter(language_of(f"{row.question}\n{row.answer}") or "?" for row in rows).most_common()),
        "answer_words": {"median": median(words), "mean": round(mean(words), 2), "longest": max(words)},
        "distinct_questions": round(len({row.question.casefold() for row in rows}) / len(rows), 4),
        "vocabulary": len(vocabulary),
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
