"""Guessing what comes next from what was read and written before.

Answers often repeat their prompt: names, figures, code. Tokens that followed the last ones where they stood before are
read together with the next token; those that the model would have chosen itself stay, the others cost a little.
Source: prompt lookup decoding, https://github.com/apoorvumang/prompt-lookup-decoding.
"""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 3
_TRIED = 16  # tokens that are guessed before it is asked whether that is worth it
_WORTH = 4  # of so many, one must be right


class Lookup:
    """The tokens of one request.

    Parameters
    ----------
    prompt
        Its tokens.

    Examples
    --------
    >>> Lookup([5, 6, 7, 8, 5, 6]).guess(2)
    [7, 8]
    >>> Lookup([5, 6, 7, 8]).guess(2)
    []
    """

    def __init__(self, prompt: Iterable[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}  # where it went on, the last time
        self._guessed = self._right = 0
        for token in prompt:
            self.take(token)

    def take(self, token: int) -> None:
        """Add a token."""
        place = len(self._tokens)
        for size in range(1, min(_LONGEST, place) + 1):
            self._after[tuple(self._tokens[place - size :])] = place
        self._tokens.append(token)

    def guess(self, most: int) -> list[int]:
        """Guess what comes next; nothing where that was seldom right so far."""
        if most < 1 or (self._guessed >= _TRIED and self._right * _WORTH < self._guessed):
            return []
        for size in range(_LONGEST, 0, -1):
            place = self._after.get(tuple(self._tokens[-size:]))
            if place is not None:
                return self._tokens[place : place + most]
        return []

    def tell(self, guessed: int, right: int) -> None:
        """Tell how a guess went."""
        self._guessed += guessed
        self._right += right
