"""Building a dataset: rows → splits → a version with its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import mean, median
from typing import Any

from ...data.privacy import mask_together
from ..config import LLMConfig
from ..errors import DataError
from ..use_case import Material, open_use_case
from .config import DataConfig, QualityConfig
from .duplicates import repeated
from .examples import Message, Row
from .language import language_of
from .pairs import Pair
from .splits import RowType_co, Splits
from .store import DatasetStore, Version


class TrainingDataGenerator:
    """Makes training data for the project's use case.

    Parameters
    ----------
    settings : DataConfig, optional
        Where documents are, if the use case reads any, and how rows are split; the defaults without.
    quality : QualityConfig, optional
        What is asked of pairs; the defaults without.

    Examples
    --------
    >>> training_data = TrainingDataGenerator().generate_dataset(size=1000)  # doctest: +SKIP
    >>> LLMTrainer().fine_tune(dataset=training_data)  # doctest: +SKIP
    """

    def __init__(self, settings: DataConfig | None = None, quality: QualityConfig | None = None) -> None:
        self.config = LLMConfig(data=settings or DataConfig(), quality=quality or QualityConfig())

    def generate_dataset(self, size: int = 1000, seed: int = 0) -> Splits[Any]:
        """Make rows by rules as the project's use case has them, and split them.

        Parameters
        ----------
        size : int
            How many rows, in all splits together.
        seed : int
            Seed of the splits.

        Raises
        ------
        DataError
            If what they are made from doesn't give so many.
        """
        return open_use_case(self.config).generate(size, seed)


def build(
    store: DatasetStore, name: str, material: Material, seed: int = 0, about: Mapping[str, Any] | None = None
) -> Version:
    """Split what was read and keep it as a version, with more about it on its card."""
    splits, facts = material.split(seed=seed), material.facts()
    facts = {**facts, "settings": {**facts["settings"], "seed": seed}}
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
