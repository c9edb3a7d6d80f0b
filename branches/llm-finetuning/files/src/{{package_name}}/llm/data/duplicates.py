"""Texts that say nearly the same: MinHash signatures, locality-sensitive hashing, and an exact check of what they find.

texts → sets of 5-grams → signatures → bands → candidates → Jaccard similarity

Broder (1997) for MinHash; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3, for the bands: two
texts of similarity s meet in one of 16 bands of 6 rows with a probability of 1 - (1 - s^6)^16, which is 0.992 at 0.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THRESHOLD = 0.8
"""Jaccard similarity of 5-grams from which two texts are near-duplicates."""

_GRAM = 5
_BANDS, _ROWS = 16, 6
_BATCH = 2048  # texts whose hashes fit into the cache of a core
_CANDIDATES = 100_000  # compared at once
_NEIGHBOURS = 16  # of a text in a band that it is compared with
_SLACK = 0.15  # how much lower than the similarity its estimate may be, three standard deviations
_WORDS = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_NUMBERS = re.compile(r"\w*\d\w*")


@dataclass(frozen=True, slots=True)
class Match:
    """Two texts, by their positions, of which the first stands before the second."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str], threshold: float = THRESHOLD) -> list[Match]:
    """Find the texts that are nearly the same.

    Case, punctuation and spacing don't count. Texts with different numbers are different, however alike their words.
    Of many texts that are all alike, each is compared with some of the others, so that each is in a match.

    Parameters
    ----------
    texts : sequence of str
        The texts.
    threshold : float
        Least Jaccard similarity of the sets of 5-grams.

    Returns
    -------
    list of Match
        In the order of their positions.

    Examples
    --------
    >>> near_duplicates(["The old mill was built of oak.", "A boat.", "the old mill was built of oak"])
    [Match(first=0, second=2, similarity=1.0)]
    >>> near_duplicates(["The old mill was built in 1875.", "The old mill was built in 1876."])
    []
    """
    plain = [" ".join(_WORDS.findall(text.casefold())) for text in texts]
    first: dict[str, int] = {}
    matches = []
    for position, text in enumerate(plain):
        home = first.setdefault(text, position)
        if home != position:
            matches.append(Match(home, position, 1.0))
    positions = list(first.values())
    distinct = list(first)
    for one, other in _candidates(distinct, threshold):
        similarity = _jaccard(distinct[one], distinct[other])
        if similarity >= threshold:
            matches.append(Match(positions[one], positions[other], similarity))
    return sorted(matches, key=lambda match: (match.first, match.second))


def repeated(texts: Sequence[str], threshold: float = THRESHOLD) -> dict[int, int]:
    """Choose what to leave out so that no near-duplicates are left.

    Parameters
    ----------
    texts : sequence of str
        The texts.
    threshold : float
        As for `near_duplicates`.

    Returns
    -------
    dict of int to int
        Positions to leave out, each with that of an earlier text which says the same.

    Examples
    --------
    >>> repeated(["The mill is made of oak.", "A boat.", "The mill is made of oak"])
    {2: 0}
    """
    out: dict[int, int] = {}
    while True:  # until nothing more is found: of many that are alike, some are only compared once others are out
        left = [position for position in range(len(texts)) if position not in out]
        found: dict[int, int] = {}
        matches = near_duplicates([texts[position] for position in left], threshold)
        for match in sorted(matches, key=lambda match: (match.second, match.first)):
            if match.first not in found:
                found.setdefault(match.second, match.first)
        if not found:
            return out
        out.update({left[later]: left[earlier] for later, earlier in found.items()})


def _candidates(texts: Sequence[str], threshold: float) -> Iterator[tuple[int, int]]:
    """Find texts that share a band, have the same numbers, and signatures like those of similar texts."""
    import numpy as np

    if len(texts) <= 1:
        return
    signatures = _signatures(texts)
    numbers = np.array([_numbers(text) for text in texts], dtype=np.int64)
    found = [np.empty(0, dtype=np.int64)]
    for band in range(_BANDS):
        keys = _keys(signatures[:, band * _ROWS : (band + 1) * _ROWS])
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for one, other in _meetings(keys):
            a, b = order[one], order[other]
            alike = numbers[a] == numbers[b]
            found.append(_similar(signatures, a[alike], b[alike], threshold - _SLACK))
    for code in np.unique(np.concatenate(found)).tolist():
        yield divmod(code, len(texts))


def _numbers(text: str) -> int:
    """Hash the words of a text that have digits in them."""
    return hash(tuple(_NUMBERS.findall(text))) if _DIGIT.search(text) else 0


def _meetings(keys: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pair the positions of equal keys, which are sorted: close ones with each other, all others with the first."""
    import numpy as np

    for distance in range(1, min(_NEIGHBOURS, len(keys) - 1) + 1):
        same = np.flatnonzero(keys[distance:] == keys[:-distance])
        if not len(same):
            return
        yield same, same + distance
    positions = np.arange(len(keys))
    begins = np.concatenate([[True], keys[1:] != keys[:-1]])
    firsts = np.maximum.accumulate(np.where(begins, positions, 0))
    far = np.flatnonzero(positions - firsts > _NEIGHBOURS)
    yield firsts[far], far


def _keys(rows: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Hash the rows of a band; shape (n_texts, n_rows) in, (n_texts,) out."""
    import numpy as np

    keys = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.T:
        keys *= np.uint64(0x9E3779B97F4A7C15)
        keys += column
    return keys


def _similar(
    signatures: NDArray[np.uint32], one: NDArray[np.int64], other: NDArray[np.int64], least: float
) -> NDArray[np.int64]:
    """Keep the pairs whose signatures agree often enough, each as one number."""
    import numpy as np

    kept = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(one), _CANDIDATES):
        a, b = one[start : start + _CANDIDATES], other[start : start + _CANDIDATES]
        agreement = (signatures[a] == signatures[b]).mean(axis=1)
        a, b = a[agreement >= least], b[agreement >= least]
        kept.append(np.minimum(a, b) * len(signatures) + np.maximum(a, b))
    return np.concatenate(kept)


def _signatures(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Compute MinHash signatures, of shape (n_texts, n_bands * n_rows)."""
    import numpy as np

    random = np.random.default_rng(0)
    size = _BANDS * _ROWS
    factors = random.integers(0, 2**31, size, dtype=np.uint32) * 2 + 1  # odd, so that no two hashes fall together
    shifts = random.integers(0, 2**32, size, dtype=np.uint32)
    signatures = np.empty((len(texts), size), dtype=np.uint32)
    for start in range(0, len(texts), _BATCH):
        hashes, ends = _hashes(texts[start : start + _BATCH])
        scratch = np.empty_like(hashes)
        part = signatures[start : start + _BATCH]
        for column in range(size):
            np.multiply(hashes, factors[column], out=scratch)
            np.add(scratch, shifts[column], out=scratch)
            part[:, column] = np.minimum.reduceat(scratch, ends)[::2]
    return signatures


def _hashes(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hash every 5-gram of some texts, one text after the other; with where each begins and ends, in turn."""
    import numpy as np

    encoded = [text.encode() for text in texts]
    padding = b" " * (_GRAM - 1)
    letters = np.frombuffer(padding.join(encoded) + padding * 2, dtype=np.uint8)
    hashes = np.zeros(len(letters) - _GRAM + 1, dtype=np.uint32)
    for shift in range(_GRAM):
        hashes *= np.uint32(0x01000193)
        hashes += letters[shift : shift + len(hashes)]
    hashes ^= hashes >> np.uint32(15)  # the mixing steps of MurmurHash3
    hashes *= np.uint32(0x85EBCA6B)
    hashes ^= hashes >> np.uint32(13)
    lengths = np.array([len(text) for text in encoded])
    starts = np.concatenate([[0], np.cumsum(lengths[:-1] + len(padding))])
    return hashes, np.stack([starts, starts + np.maximum(lengths, 1)], axis=1).ravel()


def _jaccard(one: str, other: str) -> float:
    a, b = _grams(one), _grams(other)
    return len(a & b) / len(a | b)


def _grams(text: str) -> set[str]:
    padded = text + " " * (_GRAM - 1)
    return {padded[start : start + _GRAM] for start in range(max(len(text), 1))}
