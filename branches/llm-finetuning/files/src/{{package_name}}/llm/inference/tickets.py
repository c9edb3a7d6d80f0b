"""Requests to an engine: what is asked, how far the answer is, and who is told what happens."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ...errors import ProjectError
from ..errors import ModelError
from .lookup import Lookup
from .sampling import Choice, Chosen, Sampling, tell
from .text import Writer

if TYPE_CHECKING:
    import torch

Finish = Literal["stop", "length"]


class BusyError(ProjectError):
    """More requests wait than may; `seconds` tells when there should be room."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message, hint=f"try again in {seconds} s")
        self.seconds = seconds


class PromptError(ProjectError):
    """A prompt that the model can't take."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What one more token adds to an answer.

    Attributes
    ----------
    text
        Whole characters; often none.
    chosen
        The tokens behind it, with their probabilities where they were asked for.
    finish
        Why the answer has ended: by itself or at a stop text, or by its length. None while it goes on.
    prompt
        With the first one, the prompt's tokens where they were asked for; the first token has no probability.
    """

    text: str
    chosen: tuple[Chosen, ...] = ()
    finish: Finish | None = None
    prompt: tuple[Chosen, ...] = ()


Sink = Callable[[Delta | ProjectError], None]


class Watch:
    """Who wants to know how the engine does overrides what matters to them."""

    def began(self, waited: float, prompt: int) -> None:
        """Tell that a request has left the queue, after some seconds, with so many tokens in its prompt."""

    def first(self, seconds: float) -> None:
        """Tell the seconds from the arrival of a request to its first token."""

    def next(self, seconds: float) -> None:
        """Tell the seconds from one token of an answer to the next one."""

    def guessed(self, count: int, right: int) -> None:
        """Tell how many tokens of an answer were guessed ahead, and how many of them stayed."""

    def ended(self, reason: str) -> None:
        """Tell that a request has ended: stop, length, cancelled or failed."""

    def failed(self, error: Exception) -> None:
        """Tell why answers have failed."""

    def state(self, running: int, waiting: int, nbytes: int) -> None:
        """Tell how many requests are written and wait, and the memory of keys and values."""


@dataclass(eq=False, slots=True)
class Ticket:
    """A request that was taken."""

    prompt: Sequence[int]
    sampling: Sampling
    writer: Writer
    sink: Sink
    choice: Choice
    ends: frozenset[int]
    lookup: Lookup | None = None
    taken: float = field(default_factory=time.perf_counter)
    written: int = 0
    wrote: float = 0.0
    last: int = 0
    read: int = 0
    told: list[Chosen] = field(default_factory=list)
    cancelled: bool = False

    @property
    def unread(self) -> bool:
        """Whether there is more of the prompt to read."""
        return self.read < len(self.prompt)

    def take(self, most: int) -> Sequence[int]:
        """Give the next piece of the prompt."""
        return self.prompt[self.read : self.read + most]

    def next(self, ahead: int) -> list[int]:
        """Give the last token, and at most so many that are guessed to follow it."""
        if self.lookup is None:
            return [self.last]
        left = self.sampling.max_tokens - self.written - 1
        return [self.last, *self.lookup.guess(min(ahead, left))]

    def send(self, event: Delta | ProjectError) -> None:
        """Tell who has asked."""
        try:
            self.sink(event)
        except RuntimeError:  # the event loop that waited for it is closed
            self.cancelled = True

    def tell_prompt(self, logits: torch.Tensor) -> None:
        """Note the tokens after those of a piece with their probabilities; the first of all has none."""
        most = self.sampling.logprobs or 0
        next_ones = self.prompt[self.read + 1 : self.read + 1 + len(logits)]
        likely = logits[: len(next_ones)].float().log_softmax(-1)
        if not self.read:
            self.told.append(Chosen(self.prompt[0], math.nan, ()))
        self.told += [tell(row, token, most) for row, token in zip(likely, next_ones, strict=True)]

    def add(self, one: Chosen, watch: Watch) -> Delta:
        """Add a token to the answer."""
        most = self.sampling.max_tokens
        prompt, self.told = tuple(self.told), []
        if not most:
            return Delta("", finish="length", prompt=prompt)
        self._count(one, watch)
        constraint = self.choice.constraint
        if constraint is not None and constraint.fault:
            raise ModelError(f"the answer can't be held to the schema: {constraint.fault}", hint="use a simpler one")
        if one.token in self.ends:
            return Delta(self.writer.end(), (one,), "stop", prompt)
        text = self.writer.add(one.token)
        if self.writer.stopped:
            return Delta(text, (one,), "stop", prompt)
        if constraint is not None and constraint.whole:
            return Delta(text + self.writer.end(), (one,), "stop", prompt)
        if self.written >= most:
            return Delta(text + self.writer.end(), (one,), "length", prompt)
        return Delta(text, (one,), None, prompt)

    def _count(self, one: Chosen, watch: Watch) -> None:
        now = time.perf_counter()
        if self.wrote:
            watch.next(now - self.wrote)
        else:
            watch.first(now - self.taken)
        self.written, self.wrote, self.last = self.written + 1, now, one.token
        if self.lookup is not None:
            self.lookup.take(one.token)
