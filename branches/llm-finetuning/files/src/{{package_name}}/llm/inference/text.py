"""From tokens to text, one token at a time."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream


class Writer:
    """Text of tokens as they come: whole characters only, and nothing from a stop text on.

    Parameters
    ----------
    tokenizer
        Of the model.
    stop
        Texts before which it ends.

    Attributes
    ----------
    stopped : bool
        Whether a stop text has come.
    """

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str] = ()) -> None:
        self.stopped = False
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._stop = stop
        self._tokens: list[int] = []
        self._decoded: list[str] = []
        self._held = ""

    def add(self, token: int) -> str:
        """Take a token, and give the text that is sure by now: it can't be the beginning of a stop text."""
        self._tokens.append(token)
        piece = self._stream.step(self._tokenizer, token) or ""
        self._decoded.append(piece)
        return self._release(piece) if piece else ""

    def end(self) -> str:
        """Give what was held back, a character that is not whole included."""
        if self.stopped:
            return ""
        text, known = self._tokenizer.decode(self._tokens, skip_special_tokens=True), "".join(self._decoded)
        sure = self._release(text.removeprefix(known)) if text.startswith(known) else ""
        held, self._held = self._held, ""
        return sure + held

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
