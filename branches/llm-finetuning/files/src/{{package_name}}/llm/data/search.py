"""Finding the passage that a question is about."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from .chunks import Chunk

_WORD = re.compile(r"\w+")
_ENDING = re.compile(r"(?<=\w{3})(?:ings?|ed|e?s)$")
_SATURATION = 0.9  # k1, for short passages
_LENGTH = 0.4  # b
_TITLE = 3  # a word of the title counts as often


def find_chunk(question: str, chunks: Sequence[Chunk]) -> Chunk | None:
    """Find the chunk that a question is about.

    Chunks are ranked by BM25F (Robertson and Zaragoza, 2009, "The Probabilistic Relevance Framework: BM25 and Beyond"):
    a shared word counts the more, the fewer chunks have it, the more often it stands in the chunk, and the shorter the
    chunk; one of the title counts more than one of the text. None where no word is shared.
    """
    bags = [_words(chunk.context) + Counter(dict.fromkeys(_words(chunk.title), _TITLE - 1)) for chunk in chunks]
    lengths = [bag.total() for bag in bags]
    mean = sum(lengths) / max(len(lengths), 1)
    frequency = Counter(word for bag in bags for word in bag)
    weights = {
        word: math.log(1 + (len(bags) - frequency[word] + 0.5) / (frequency[word] + 0.5))
        for word in _words(question)
        if word in frequency
    }

    def score(index: int) -> float:
        bag, half = bags[index], _SATURATION * (1 - _LENGTH + _LENGTH * lengths[index] / mean)
        return sum(weight * bag[word] / (bag[word] + half) for word, weight in weights.items())

    best = max(range(len(chunks)), key=score, default=None)
    return chunks[best] if best is not None and score(best) > 0 else None


def _words(text: str) -> Counter[str]:
    """Count the words of a text without case and the commonest endings."""
    return Counter(_ENDING.sub("", word) for word in _WORD.findall(text.lower()))
