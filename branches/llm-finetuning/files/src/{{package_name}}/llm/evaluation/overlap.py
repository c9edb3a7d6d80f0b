"""N-grams and subsequences that answers share with the expected ones, for all pairs at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Tokens = Sequence[Sequence[str]]
"""Tokens of each text."""


def shared_ngrams(answers: Tokens, expected: Tokens, orders: int) -> tuple[Counts, Counts, Counts]:
    """Count the n-grams of each answer, those of the expected one, and those that both have.

    An n-gram counts as shared as often as it stands in the text that has it less often.

    Parameters
    ----------
    answers, expected : sequence of sequence of str
        Tokens of each pair.
    orders : int
        Longest n-grams.

    Returns
    -------
    shared, said, wanted : ndarray of shape (n_pairs, orders)
        Counts of n-grams of 1 to `orders` tokens.

    Examples
    --------
    >>> shared, said, wanted = shared_ngrams([["a", "b", "a"]], [["a", "b", "c"]], 2)
    >>> shared.tolist(), said.tolist(), wanted.tolist()
    ([[2, 1]], [[3, 2]], [[3, 2]])
    """
    pairs, texts = len(answers), [*answers, *expected]
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    counts = np.maximum(lengths[:, None] - np.arange(orders), 0)  # (texts, orders)
    numbers: dict[str, int] = {}
    tokens = np.array([numbers.setdefault(token, len(numbers)) for token in chain(*texts)], dtype=np.int64)
    places = np.repeat(np.arange(len(texts)), lengths)
    shared = np.zeros((pairs, orders), dtype=np.int64)
    grams, texts_of = tokens, places
    for order in range(orders):
        if order:
            # What begins at a token goes on with the token `order` places later, if that is in the same text.
            inside = places[: len(grams) - 1] == places[order:]
            following = grams[:-1] * len(numbers) + tokens[order:]
            _, grams = np.unique(np.where(inside, following, -1), return_inverse=True)
            texts_of = np.where(inside, places[: len(grams)], -1)
        shared[:, order] = _in_both(grams, texts_of, pairs)
    return shared, counts[:pairs], counts[pairs:]


def _in_both(grams: Counts, texts: Counts, pairs: int) -> Counts:
    """Count the n-grams that a text and the one `pairs` later have in common; -1 stands for no text."""
    kinds = int(grams.max(initial=0)) + 1
    first, second = (texts >= 0) & (texts < pairs), texts >= pairs
    keys, often = np.unique(texts[first] * kinds + grams[first], return_counts=True)
    others, as_often = np.unique((texts[second] - pairs) * kinds + grams[second], return_counts=True)
    both, here, there = np.intersect1d(keys, others, assume_unique=True, return_indices=True)
    weights = np.minimum(often[here], as_often[there])
    return np.bincount(both // kinds, weights=weights, minlength=pairs).astype(np.int64)


def longest_common_subsequence(answer: Sequence[str], expected: Sequence[str]) -> int:
    """Count the tokens that two texts have in the same order, with others between them.

    A row of the table is one number, whose bits tell where it rises (Hyyrö, 2004, "Bit-parallel LCS-length
    computation revisited").

    Examples
    --------
    >>> longest_common_subsequence("the old mill is red".split(), "the mill was red".split())
    3
    """
    places: dict[str, int] = {}
    for number, token in enumerate(answer):
        places[token] = places.get(token, 0) | 1 << number
    full = (1 << len(answer)) - 1
    flat = full
    for token in expected:
        found = flat & places.get(token, 0)
        flat = ((flat + found) | (flat - found)) & full
    return len(answer) - flat.bit_count()
