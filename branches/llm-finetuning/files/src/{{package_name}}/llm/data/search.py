"""Finding the passage that a question is about."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from .chunks import Chunk

_WORD = re.compile(r"\w+")


def find_chunk(question: str, chunks: Sequence[Chunk]) -> Chunk | None:
    """Find the chunk that shares the most telling words with a question.

    A shared word counts the more, the fewer chunks have it: its weight is the inverse document frequency of Spärck
    Jones (1972). None where no word is shared.
    """
    words = [_words(chunk.context) for chunk in chunks]
    frequency = Counter(word for bag in words for word in bag)
    weights = {word: math.log(1 + len(chunks) / frequency[word]) for word in _words(question) if word in frequency}
    scores = [sum(weight for word, weight in weights.items() if word in bag) for bag in words]
    best = max(range(len(chunks)), key=scores.__getitem__, default=None)
    return chunks[best] if best is not None and scores[best] > 0 else None


def _words(text: str) -> set[str]:
    """Give the words of a text without case and plural endings."""
    return {word.removesuffix("s") for word in _WORD.findall(text.lower())}
