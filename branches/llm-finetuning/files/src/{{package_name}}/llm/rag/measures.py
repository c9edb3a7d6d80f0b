"""How good a ranking is, and what an answer takes from the passages that it was given."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ..evaluation.metrics import normalise


def recall_at(ranks: Sequence[int], relevant: int, cutoff: int) -> float:
    """Give the share of the relevant passages among the first (Manning et al., 2008, section 8.4).

    Parameters
    ----------
    ranks : sequence of int
        Where relevant passages stand, from 1; those that were not found are left out.
    relevant : int
        How many there are.
    cutoff : int
        How many passages are looked at.

    Examples
    --------
    >>> recall_at([2, 7], 2, 5)
    0.5
    """
    return sum(rank <= cutoff for rank in ranks) / relevant


def reciprocal_rank(ranks: Sequence[int]) -> float:
    """Give one by the rank of the first relevant passage, 0 if none was found (Voorhees, 1999, TREC-8).

    Examples
    --------
    >>> reciprocal_rank([4, 9]), reciprocal_rank([])
    (0.25, 0.0)
    """
    return 1 / min(ranks) if ranks else 0.0


def ndcg_at(ranks: Sequence[int], relevant: int, cutoff: int) -> float:
    """Give the discounted gain of a ranking, as a share of the best one's.

    A passage is relevant or not (Järvelin and Kekäläinen, 2002, doi:10.1145/582415.582418).

    Examples
    --------
    >>> ndcg_at([1], 1, 3), round(ndcg_at([3], 1, 3), 2), ndcg_at([4], 1, 3)
    (1.0, 0.5, 0.0)
    """
    gain = sum(_discount(rank) for rank in ranks if rank <= cutoff)
    return gain / sum(_discount(rank) for rank in range(1, min(relevant, cutoff) + 1))


def _discount(rank: int) -> float:
    return 1 / math.log2(1 + rank)


def grounded_tokens(answer: str, context: str) -> float:
    """Give the share of an answer's words that stand in its context; an empty answer has 0.

    That is K-Precision (Adlakha et al., 2024, doi:10.1162/tacl_a_00667): a word counts as often as the context has it.

    Examples
    --------
    >>> grounded_tokens("four steel doors", "The shed has four doors.")
    0.6666666666666666
    """
    words = normalise(answer)
    return (Counter(words) & Counter(normalise(context))).total() / len(words) if words else 0.0


def share_used(answer: str, sentences: Sequence[str]) -> float:
    """Give the share of a context that an answer is made of.

    Of an answer that is the context utilisation of TRACe, of the expected one its context relevance (Friel et al.,
    2024, arXiv:2407.11005): words of the sentences in use, by words of all. There a model says which sentences are in
    use; here it is the fewest that hold all of the answer's words that stand in any, the one with most of them first.

    Examples
    --------
    >>> share_used("four doors", ["The shed is red.", "It has four doors."])
    0.5
    """
    bags = [normalise(sentence) for sentence in sentences]
    total = sum(len(bag) for bag in bags)
    left, used = set(normalise(answer)), 0
    while left and bags:
        best = max(range(len(bags)), key=lambda number: len(left & set(bags[number])))
        found = left & set(bags[best])
        if not found:
            break
        left -= found
        used += len(bags.pop(best))
    return used / total if total else 0.0
