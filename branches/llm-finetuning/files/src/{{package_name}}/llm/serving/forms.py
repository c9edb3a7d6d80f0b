"""What clients get, in the forms of OpenAI's interface: https://platform.openai.com/docs/api-reference."""

from __future__ import annotations

import math
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from ..inference.text import Writer

if TYPE_CHECKING:
    from ..inference.sampling import Chosen
    from ..inference.tickets import Delta
    from .models import Served

Json = dict[str, Any]


class Form(ABC):
    """What the answers to one request have in common, whole or as a stream."""

    kind = ""
    chunk_kind = ""
    prefix = ""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._head = {
            "id": f"{self.prefix}-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": served.name,
        }

    def whole(self, answers: Sequence[Sequence[Delta]], usage: Json) -> Json:
        """Give all answers."""
        choices = [self.choice(number, deltas) for number, deltas in enumerate(answers)]
        return {**self._head, "object": self.kind, "choices": choices, "usage": usage}

    def chunk(self, choices: Sequence[Json], usage: Json | None) -> Json:
        """Give a part of a stream."""
        told = {} if usage is None else {"usage": usage}
        return {**self._head, "object": self.chunk_kind, "choices": [*choices], **told}

    @abstractmethod
    def choice(self, number: int, deltas: Sequence[Delta]) -> Json:
        """Give one answer."""

    @abstractmethod
    def part(self, number: int, delta: Delta, *, first: bool) -> Json:
        """Give what is added to one answer."""


class ChatForm(Form):
    """Answers in a conversation."""

    kind, chunk_kind, prefix = "chat.completion", "chat.completion.chunk", "chatcmpl"

    def __init__(self, served: Served, *, logprobs: bool) -> None:
        super().__init__(served)
        self._logprobs = logprobs

    def choice(self, number: int, deltas: Sequence[Delta]) -> Json:
        """Give one answer."""
        message = {"role": "assistant", "content": "".join(delta.text for delta in deltas), "refusal": None}
        told = self._told(deltas)
        return {"index": number, "message": message, "logprobs": told, "finish_reason": deltas[-1].finish}

    def part(self, number: int, delta: Delta, *, first: bool) -> Json:
        """Give what is added to one answer."""
        added = {"role": "assistant", "content": delta.text} if first else {"content": delta.text}
        told = self._told([delta])
        return {"index": number, "delta": added, "logprobs": told, "finish_reason": delta.finish}

    def _told(self, deltas: Sequence[Delta]) -> Json | None:
        if not self._logprobs:
            return None
        return {"content": [self._token(one) for delta in deltas for one in delta.chosen], "refusal": None}

    def _token(self, one: Chosen) -> Json:
        top = [self._likely(token, logprob) for token, logprob in one.top]
        return {**self._likely(one.token, one.logprob), "top_logprobs": top}

    def _likely(self, token: int, logprob: float) -> Json:
        data = self.served.engine.words.bytes_of(token)
        return {"token": spell(data), "logprob": logprob, "bytes": [*data]}


class CompletionForm(Form):
    """Texts that go on."""

    kind, chunk_kind, prefix = "text_completion", "text_completion", "cmpl"

    def __init__(self, served: Served, prompts: Sequence[Sequence[int]], *, echo: bool, logprobs: bool) -> None:
        super().__init__(served)
        tokenizer = served.engine.tokenizer
        self._echoed = [tokenizer.decode([*prompt], skip_special_tokens=False) if echo else "" for prompt in prompts]
        self._logprobs = logprobs
        self._offsets = [_Offsets(tokenizer, len(text)) for text in self._echoed]

    def choice(self, number: int, deltas: Sequence[Delta]) -> Json:
        """Give one answer."""
        text = self._echoed[number] + "".join(delta.text for delta in deltas)
        told = self._told(number, deltas)
        return {"index": number, "text": text, "logprobs": told, "finish_reason": deltas[-1].finish}

    def part(self, number: int, delta: Delta, *, first: bool) -> Json:
        """Give what is added to one answer."""
        text = (self._echoed[number] if first else "") + delta.text
        told = self._told(number, [delta])
        return {"index": number, "text": text, "logprobs": told, "finish_reason": delta.finish}

    def _told(self, number: int, deltas: Sequence[Delta]) -> Json | None:
        if not self._logprobs:
            return None
        told = [one for delta in deltas for one in (*delta.prompt, *delta.chosen)]
        offsets = self._offsets[number]
        return {
            "tokens": [self._text(one.token) for one in told],
            "token_logprobs": [None if math.isnan(one.logprob) else one.logprob for one in told],
            "top_logprobs": [self._top(one) for one in told],
            "text_offset": [place for delta in deltas for place in offsets.of(delta)],
        }

    def _text(self, token: int) -> str:
        return spell(self.served.engine.words.bytes_of(token), "bytes:")

    def _top(self, one: Chosen) -> Json | None:
        if math.isnan(one.logprob):
            return None
        found: dict[str, float] = {}
        for token, logprob in (*one.top, (one.token, one.logprob)):
            found.setdefault(self._text(token), logprob)
        return found


class _Offsets:
    """Where in the text of an answer its tokens begin; parts of a character begin where it does.

    Parameters
    ----------
    start
        Where the answer begins, behind the prompt if that is given back.
    """

    def __init__(self, tokenizer: Tokenizer, start: int) -> None:
        self._prompt, self._answer = Writer(tokenizer, special=True), Writer(tokenizer)
        self._start = start

    def of(self, delta: Delta) -> list[int]:
        """Give the places of the next tokens."""
        found, place = [], 0
        for one in delta.prompt:
            found.append(place)
            place += len(self._prompt.add(one.token))
        for one in delta.chosen:
            found.append(self._start)
            self._start += len(self._answer.add(one.token))
        return found


def spell(data: bytes, mark: str = "") -> str:
    r"""Give what a token is made of as text; where it is no text, its bytes in hexadecimal.

    Examples
    --------
    >>> spell(b"crane"), spell(b"\xf0\x9f"), spell(b"\xf0\x9f", "bytes:")
    ('crane', '\\xf0\\x9f', 'bytes:\\xf0\\x9f')
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return mark + "".join(f"\\x{byte:02x}" for byte in data)
