"""BLEU and ROUGE of all answers at once: as sacrebleu and rouge-score have them, many times as fast."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .overlap import longest_common_subsequence, shared_ngrams

Floats = NDArray[np.float64]

ORDERS = 4
"""Longest n-grams of BLEU."""
_WORD = re.compile(r"[^\W_]+")


def bleu_counts(answers: Sequence[str], expected: Sequence[str]) -> Floats:
    """Count what BLEU is made of, with the tokens of sacrebleu's ``13a``, the WMT standard.

    Returns
    -------
    ndarray of shape (n_pairs, 10)
        Shared n-grams of 1 to 4 tokens, n-grams of the answer, tokens of the answer and of the expected one. Their
        sums over pairs are those of a corpus.
    """
    tokenise = _tokeniser()
    shared, said, wanted = shared_ngrams(tokenise(answers), tokenise(expected), ORDERS)
    return np.column_stack([shared, said, said[:, 0], wanted[:, 0]]).astype(np.float64)


def _tokeniser() -> Callable[[Sequence[str]], list[list[str]]]:
    """Make what cuts texts into the tokens of ``13a``. Its rules see no further than a word: each is cut once."""
    from sacrebleu.metrics.bleu import BLEU

    cut_line: Callable[[str], str] = BLEU(tokenize="13a").tokenizer

    @cache
    def cut(word: str) -> list[str]:
        return cut_line(word).split()

    def tokenise(texts: Sequence[str]) -> list[list[str]]:
        return [[token for word in text.replace("-\n", "").split() for token in cut(word)] for text in texts]

    return tokenise


def bleu(counts: Floats) -> Floats:
    """Compute BLEU (Papineni et al., 2002, doi:10.3115/1073083.1073135), from 0 to 1.

    An order without a match counts as half a match, the next as a quarter, and so on, and orders are left
    out that are longer than every answer, as in sacrebleu with its ``effective_order``.

    Parameters
    ----------
    counts : ndarray of shape (n, 10)
        Counts of pairs, or their sums over the pairs of a corpus.

    Returns
    -------
    ndarray of shape (n,)
    """
    shared, said, length, wanted = counts[:, :ORDERS], counts[:, ORDERS:-2], counts[:, -2], counts[:, -1]
    halvings = np.cumsum((shared == 0) & (said > 0), axis=1)
    matches = np.where(shared > 0, shared, 0.5**halvings)
    logs = np.log(np.divide(matches, said, out=np.ones_like(matches), where=said > 0))
    precision = np.exp(logs.sum(axis=1) / np.maximum(np.count_nonzero(said, axis=1), 1))
    brevity = np.exp(np.minimum(1 - wanted / np.maximum(length, 1), 0))
    return np.where(shared.any(axis=1), precision * brevity, 0.0)


def rouge_n(answers: Sequence[str], expected: Sequence[str], order: int) -> Floats:
    """Compute the F1 of ROUGE-1 or ROUGE-2 of each pair (Lin, 2004, aclanthology.org/W04-1013).

    Words are those of rouge-score without stemming, except that letters beyond a to z belong to them too.
    """
    shared, said, wanted = shared_ngrams(_words(answers), _words(expected), order)
    return _f1(shared[:, -1], said[:, -1], wanted[:, -1])


def rouge_l(answers: Sequence[str], expected: Sequence[str]) -> Floats:
    """Compute the F1 of ROUGE-L of each pair: of the words that both have in one order."""
    said, wanted = _words(answers), _words(expected)
    common = [longest_common_subsequence(*pair) for pair in zip(said, wanted, strict=True)]
    return _f1(*(np.array(counts) for counts in (common, [len(one) for one in said], [len(one) for one in wanted])))


def _words(texts: Sequence[str]) -> list[list[str]]:
    return [_WORD.findall(text.lower()) for text in texts]


def _f1(shared: NDArray[np.int64], said: NDArray[np.int64], wanted: NDArray[np.int64]) -> Floats:
    """Take the harmonic mean of the shares of what was said and of what was wanted; 0 where nothing is shared."""
    found: Floats = 2 * shared / np.maximum(said + wanted, 1)
    return found
