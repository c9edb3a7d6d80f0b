"""Splits that keep each document, or each topic, on one side."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import DataError, TooFewRowsError
from .config import DataConfig
from .duplicates import THRESHOLD, near_duplicates
from .examples import Row

MINIMUM = {"train": 16, "validation": 2, "test": 4}
"""Fewest pairs of each split: with less, a loss curve or a score says nothing."""

_SHOWN = 5

RowType_co = TypeVar("RowType_co", bound=Row, covariant=True)


@dataclass(frozen=True)
class Splits(Mapping[str, tuple[RowType_co, ...]], Generic[RowType_co]):
    """Rows for training, validation and test; a mapping from the split's name.

    Attributes
    ----------
    train, validation, test : tuple of Row
        No document, and no question with nearly the same answer, is in two of them.
    """

    train: tuple[RowType_co, ...]
    validation: tuple[RowType_co, ...]
    test: tuple[RowType_co, ...]

    def __getitem__(self, name: str) -> tuple[RowType_co, ...]:
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def __iter__(self) -> Iterator[str]:
        return iter(("train", "validation", "test"))

    def __len__(self) -> int:
        return 3

    def documents(self) -> dict[str, list[str]]:
        """List the documents of each split, in order of their names."""
        return {name: sorted({row.document for row in rows}) for name, rows in self.items()}


def split_rows(
    rows: Sequence[RowType_co], settings: DataConfig | None = None, *, seed: int = 0, similarity: float = THRESHOLD
) -> Splits[RowType_co]:
    """Deal whole documents, or topics, into splits until each has its share of the rows.

    By document, each topic is in each split with about the same share, as far as it has documents enough.

    Parameters
    ----------
    rows : sequence of Row
        All rows.
    settings : DataConfig, optional
        Shares of validation and test, and what stays in one split; the defaults without.
    seed : int
        Seed of the order in which documents are dealt.
    similarity : float
        From where two rows are near-duplicates.

    Raises
    ------
    DataError
        If there are too few documents or rows, or the splits leak.
    """
    wanted = settings or DataConfig()
    by, shares = wanted.split_by, {"test": wanted.test, "validation": wanted.validation}
    groups: defaultdict[str, list[RowType_co]] = defaultdict(list)
    for row in rows:
        groups[row.document if by == "document" else row.topic].append(row)
    names = sorted(sorted(groups), key=lambda name: _draw(name, seed))
    homes = _deal(groups, names, shares, stratified=by == "document")
    dealt = {split: [row for name in names if homes[name] == split for row in groups[name]] for split in MINIMUM}
    missing = {name: least for name, least in MINIMUM.items() if len(dealt[name]) < least}
    if missing:
        found = ", ".join(f"{len(dealt[name])} for {name}" for name in dealt)
        needed = ", ".join(f"{least} for {name}" for name, least in MINIMUM.items())
        raise TooFewRowsError(
            f"{len(rows)} question-answer pairs from {len(groups)} {by}s are too few to split: {found}; "
            f"at least {needed} are needed, each split from {by}s of its own",
            hint="add documents that state facts in short sentences, such as “The mill was built in 1875.”",
        )
    splits = Splits(*(tuple(dealt[name]) for name in MINIMUM))
    check_splits(splits, similarity)
    return splits


def check_splits(splits: Mapping[str, Sequence[Row]], similarity: float = THRESHOLD) -> None:
    """Make sure that nothing in one split gives away another.

    Raises
    ------
    DataError
        If a document, or a question with nearly the same answer, is in two splits; the rows are named.
    """
    homes: dict[str, str] = {}
    for name, rows in splits.items():
        for row in rows:
            home = homes.setdefault(row.document, name)
            if home != name:
                raise DataError(
                    f"{row.document!r} is in the splits {home} and {name}", hint="split by document, not by row"
                )
    everything = [(name, row) for name, rows in splits.items() for row in rows]
    matches = near_duplicates([f"{row.question}\n{row.answer}" for _, row in everything], similarity)
    leaks = [match for match in matches if everything[match.first][0] != everything[match.second][0]]
    if leaks:
        shown = []
        for leak in leaks[:_SHOWN]:
            (one, first), (other, second) = everything[leak.first], everything[leak.second]
            shown.append(f"{one}, {first.document}: {first.question!r} → {first.answer!r}")
            shown.append(f"{other}, {second.document}: {second.question!r} → {second.answer!r} ({leak.similarity:.2f})")
        more = f"\n  and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
        lines = "\n".join(f"  {line}" for line in shown)
        raise DataError(
            f"{len(leaks)} near-duplicates are in two splits:\n{lines}{more}",
            hint="leave one of the two out, or put their documents into one",
        )


def sample_rows(splits: Mapping[str, Sequence[RowType_co]], size: int, *, seed: int = 0) -> Splits[RowType_co]:
    """Draw rows so that each split, and each topic in it, keeps its share; a larger sample holds the smaller one.

    Parameters
    ----------
    splits : mapping of str to sequence of Row
        Where from. Each row stays in its split.
    size : int
        How many rows, in all splits together.
    seed : int
        Seed of which.

    Raises
    ------
    DataError
        If there are fewer rows, or a split would be left with too few.
    """
    rows = [(name, row) for name, part in splits.items() for row in part]
    if size > len(rows):
        raise DataError(f"there are {len(rows)} rows, fewer than {size}", hint=f"draw {len(rows)} at most")
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for index, (name, row) in enumerate(rows):
        groups[name, row.topic].append(index)
    places: list[tuple[float, bytes, int]] = []
    for members in groups.values():
        drawn = sorted((_draw("\n".join(rows[index][1].identity), seed), index) for index in members)
        places += [((place + 0.5) / len(drawn), key, index) for place, (key, index) in enumerate(drawn)]
    chosen = {index for *_, index in sorted(places)[:size]}
    kept = {
        name: [row for index, (home, row) in enumerate(rows) if home == name and index in chosen] for name in MINIMUM
    }
    if any(len(kept[name]) < least for name, least in MINIMUM.items()):
        found = ", ".join(f"{len(kept[name])} for {name}" for name in kept)
        needed = ", ".join(f"{least} for {name}" for name, least in MINIMUM.items())
        raise TooFewRowsError(f"{size} rows are too few: {found}; at least {needed} are needed", hint="draw more rows")
    return Splits(*(tuple(kept[name]) for name in MINIMUM))


def _deal(
    groups: Mapping[str, Sequence[Row]], names: Sequence[str], shares: Mapping[str, float], *, stratified: bool
) -> dict[str, str]:
    """Say which split each group goes to: first so that each topic has its shares, then until splits have their own."""
    total = sum(len(groups[name]) for name in names)
    wanted = {split: max(share * total, MINIMUM[split]) for split, share in shares.items()}
    dealt = dict.fromkeys(wanted, 0)
    homes = dict.fromkeys(names, "train")
    if stratified:
        topics: defaultdict[str, list[str]] = defaultdict(list)
        for name in names:
            topics[groups[name][0].topic].append(name)
        for members in topics.values():
            _deal_topic(groups, members, shares, homes, dealt)
    for name in names:
        rows = len(groups[name])
        fits = [
            split
            for split, share in wanted.items()
            if dealt[split] < MINIMUM[split] or dealt[split] + rows / 2 <= share
        ]
        if homes[name] == "train" and fits:
            homes[name] = fits[0]
            dealt[fits[0]] += rows
    return homes


def _deal_topic(
    groups: Mapping[str, Sequence[Row]],
    members: Sequence[str],
    shares: Mapping[str, float],
    homes: dict[str, str],
    dealt: dict[str, int],
) -> None:
    size = sum(len(groups[name]) for name in members)
    here = dict.fromkeys(shares, 0)
    for name in members:
        rows = len(groups[name])
        fits = [split for split, share in shares.items() if here[split] + rows <= share * size]
        if fits:
            homes[name] = fits[0]
            here[fits[0]] += rows
            dealt[fits[0]] += rows


def _draw(name: str, seed: int) -> bytes:
    """Draw the place of a document among the others.

    It depends on nothing else, so that one more document does not reshuffle all of them.
    """
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
