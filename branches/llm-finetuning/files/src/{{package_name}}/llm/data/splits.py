"""Splits that keep each document on one side."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import DataError
from .pairs import Pair

MINIMUM = {"train": 16, "validation": 2, "test": 4}
"""Fewest pairs of each split: with less, a loss curve or a score says nothing."""


@dataclass(frozen=True)
class Splits(Mapping[str, tuple[Pair, ...]]):
    """Pairs for training, validation and test; a mapping from the split's name.

    Attributes
    ----------
    train, validation, test : tuple of Pair
        No document, and no question with the same answer, is in two of them.
    """

    train: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    test: tuple[Pair, ...]

    def __getitem__(self, name: str) -> tuple[Pair, ...]:
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def __iter__(self) -> Iterator[str]:
        return iter(("train", "validation", "test"))

    def __len__(self) -> int:
        return 3

    def documents(self) -> dict[str, list[str]]:
        """List the documents of each split, in order of their names."""
        return {name: sorted({pair.document for pair in pairs}) for name, pairs in self.items()}


def split_by_document(pairs: Sequence[Pair], *, validation: float = 0.1, test: float = 0.2, seed: int = 0) -> Splits:
    """Deal whole documents into splits until each has its share of the pairs.

    Parameters
    ----------
    pairs : sequence of Pair
        All pairs.
    validation, test : float
        Shares of the pairs; training gets the rest.
    seed : int
        Seed of the order in which documents are dealt.

    Raises
    ------
    DataError
        If there are too few documents or pairs, or the splits leak.
    """
    by_document: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_document[pair.document].append(pair)
    documents = sorted(by_document)
    documents.sort(key=lambda name: _draw(name, seed))
    wanted = {"test": test * len(pairs), "validation": validation * len(pairs)}
    dealt: dict[str, list[Pair]] = {name: [] for name in MINIMUM}
    for document in documents:
        short = [name for name, share in wanted.items() if len(dealt[name]) < max(share, MINIMUM[name])]
        dealt[short[0] if short else "train"] += by_document[document]
    missing = {name: least for name, least in MINIMUM.items() if len(dealt[name]) < least}
    if missing:
        found = ", ".join(f"{len(dealt[name])} for {name}" for name in dealt)
        needed = ", ".join(f"{least} for {name}" for name, least in MINIMUM.items())
        raise DataError(
            f"{len(pairs)} question-answer pairs from {len(documents)} documents are too few to split: {found}; "
            f"at least {needed} are needed, each split from documents of its own",
            hint="add documents that state facts in short sentences, such as “The mill was built in 1875.”",
        )
    splits = Splits(*(tuple(dealt[name]) for name in MINIMUM))
    check_splits(splits)
    return splits


def check_splits(splits: Mapping[str, Sequence[Pair]]) -> None:
    """Make sure that nothing in one split gives away another.

    Raises
    ------
    DataError
        If a document, or a question with its answer, is in two splits.
    """
    homes: dict[tuple[str, ...], str] = {}
    for name, pairs in splits.items():
        for pair in pairs:
            for thing in ((pair.document,), pair.identity):
                home = homes.setdefault(thing, name)
                if home != name:
                    raise DataError(
                        f"{' '.join(thing)!r} is in the splits {home} and {name}",
                        hint="split by document, after repeated pairs are dropped",
                    )


def _draw(document: str, seed: int) -> bytes:
    """Draw the place of a document among the others.

    It depends on nothing else, so that one more document does not reshuffle all of them.
    """
    return hashlib.sha256(f"{seed}:{document}".encode()).digest()
