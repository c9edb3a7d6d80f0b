"""What clients get, in the forms of OpenAI's interface: https://platform.openai.com/docs/api-reference."""

from __future__ import annotations

import math
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..inference.engine import Delta
    from ..inference.sampling import Chosen
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
        text = self.served.token_text(token)
        return {"token": text, "logprob": logprob, "bytes": [*text.encode()]}


class CompletionForm(Form):
    """Texts that go on."""

    kind, chunk_kind, prefix = "text_completion", "text_completion", "cmpl"

    def __init__(self, served: Served, prompts: Sequence[Sequence[int]], *, echo: bool, logprobs: bool) -> None:
        super().__init__(served)
        decode = served.engine.tokenizer.decode
        self._echoed = [decode([*prompt], skip_special_tokens=False) if echo else "" for prompt in prompts]
        self._logprobs = logprobs
        self._offsets = [0] * len(prompts)

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
        texts, offsets = [], []
        told = [one for delta in deltas for one in (*delta.prompt, *delta.chosen)]
        for one in told:
            texts.append(self.served.token_text(one.token))
            offsets.append(self._offsets[number])
            self._offsets[number] += len(texts[-1])
        return {
            "tokens": texts,
            "token_logprobs": [None if math.isnan(one.logprob) else one.logprob for one in told],
            "top_logprobs": [self._top(one) for one in told],
            "text_offset": offsets,
        }

    def _top(self, one: Chosen) -> Json | None:
        if math.isnan(one.logprob):
            return None
        return {self.served.token_text(token): logprob for token, logprob in one.top}
