"""Words of a model as they come, without the halves of a secret that comes in pieces."""

from __future__ import annotations

import re
from collections.abc import Callable

from .jsonable import clean_part

_HELD_BACK = 12  # words: the longest that only together are personal data or a secret, such as the groups of an account
# Secrets are written in ASCII: scripts that put no spaces between words do not wait for one.
_WORD_ENDS = re.compile(r"\s+|[^\x00-\x7f]")
_KEY_BEGINS, _KEY_ENDS = "-----BEGIN", "-----END"
_LONGEST_KEY = 10_000
_LOOKED_AT = 1_000  # characters around what is shown


class TokenStream:
    """Passes on what can't be part of a secret any more: a few words later than it comes.

    Parameters
    ----------
    clean
        Masks secrets in a text.
    """

    def __init__(self, clean: Callable[[str], str]) -> None:
        self._clean = clean
        self._text = ""
        self._done = 0

    def add(self, text: str) -> str:
        """Take what came, and give what may be shown by now."""
        self._text += text
        ends = [found.end() for found in _WORD_ENDS.finditer(self._text, self._done)]
        if len(ends) < _HELD_BACK:
            return ""
        end = self._before_key(ends[-_HELD_BACK])
        return self._until(end) if self._parts_at(end) else ""

    def rest(self) -> str:
        """Give what was held back, at the end."""
        return self._until(len(self._text))

    def _before_key(self, end: int) -> int:
        """Give the place until which a text is settled: not within a private key, which has many lines."""
        begins = self._text.find(_KEY_BEGINS, self._done)
        if begins < 0 or begins + _LONGEST_KEY < end or _KEY_ENDS in self._text[begins:end]:
            return end
        return min(begins, end)

    def _parts_at(self, end: int) -> bool:
        """Say whether nothing that is masked lies across a place."""
        first = max(self._done - _LOOKED_AT, 0)
        before, after = self._text[first:end], self._text[end:]
        return self._clean(before) + self._clean(after) == self._clean(before + after)

    def _until(self, end: int) -> str:
        if end <= self._done:
            return ""
        shown = clean_part(self._text, self._done, end, self._clean, _LOOKED_AT)
        self._done = end
        return shown
