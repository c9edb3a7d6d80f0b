"""Scores of an answer against the expected one."""

import string
from collections import Counter

_PUNCTUATION_TO_SPACE = str.maketrans(string.punctuation, " " * len(string.punctuation))


def normalise(text: str) -> list[str]:
    """Give the words of an answer without case and punctuation.

    Examples
    --------
    >>> normalise("The 06:30 ferry.")
    ['the', '06', '30', 'ferry']
    """
    return text.lower().translate(_PUNCTUATION_TO_SPACE).split()


def exact_match(answer: str, expected: str) -> float:
    """Score 1 where the words are the same in the same order, else 0."""
    return float(normalise(answer) == normalise(expected))


def contains_answer(answer: str, expected: str) -> float:
    """Score 1 where the expected words stand in the answer in one run, else 0.

    Examples
    --------
    >>> contains_answer("It opens at 06:30.", "06:30")
    1.0
    """
    words, wanted = normalise(answer), normalise(expected)
    runs = (words[start : start + len(wanted)] for start in range(len(words) - len(wanted) + 1))
    return float(any(run == wanted for run in runs))


def token_f1(answer: str, expected: str) -> float:
    """Score the overlap of words: the harmonic mean of precision and recall (SQuAD, arXiv:1606.05250).

    Examples
    --------
    >>> round(token_f1("four steel doors", "four doors"), 2)
    0.8
    """
    words, wanted = normalise(answer), normalise(expected)
    shared = (Counter(words) & Counter(wanted)).total()
    return 2 * shared / (len(words) + len(wanted)) if shared else float(words == wanted)
