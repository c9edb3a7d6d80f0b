"""From tokens to text, one token at a time."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer

_PART = "\N{REPLACEMENT CHARACTER}"


class Writer:
    """Text of tokens as they come: whole characters only, and nothing from a stop text on.

    Parameters
    ----------
    tokenizer
        Of the model.
    stop
        Texts before which it ends.
    special
        Whether special tokens have a text.

    Attributes
    ----------
    stopped : bool
        Whether a stop text has come.
    """

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str] = (), *, special: bool = False) -> None:
        self.stopped = False
        self._plain = not special
        self._tokenizer = tokenizer
        self._stop = stop
        self._tokens: list[int] = []
        # What is told last is decoded again in front of what is new: some tokens read differently where a text begins.
        self._start = self._told = 0
        self._known = ""
        self._held = ""

    def add(self, token: int) -> str:
        """Take a token, and give the text that is sure by now: it can't be the beginning of a stop text."""
        self._tokens.append(token)
        piece = self._new()
        if not piece or piece.endswith(_PART):
            return ""
        self._start, self._told = self._told, len(self._tokens)
        self._known = self._decode(self._start)
        return self._release(piece)

    def end(self) -> str:
        """Give what was held back, a character that is not whole included."""
        if self.stopped:
            return ""
        sure = self._release(self._new())
        held, self._held = self._held, ""
        return sure + held

    def _new(self) -> str:
        text = self._decode(self._start)
        if text.startswith(self._known):
            return text[len(self._known) :]
        return self._decode(self._told)  # what was told would read otherwise now, such as spaces at a line's end

    def _decode(self, start: int) -> str:
        return self._tokenizer.decode(self._tokens[start:], skip_special_tokens=self._plain)

    def _release(self, piece: str) -> str:
        text = self._held + piece
        found = [place for one in self._stop if (place := text.find(one)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        length = max((_overlap(text, one) for one in self._stop), default=0)
        self._held = text[len(text) - length :]
        return text[: len(text) - length]


def _overlap(text: str, stop: str) -> int:
    """Count the characters at the end of a text with which a stop text begins."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
