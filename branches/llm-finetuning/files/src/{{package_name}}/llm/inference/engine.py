"""Answering many requests at once: each joins the running batch as soon as there is room, and leaves when it ends.

submit → queue → its prompt is read into a row → a token in each pass → the row is free
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tokenizers import Tokenizer

from ...errors import ProjectError
from ...logs import get_logger
from ..config import ServingConfig
from ..errors import ModelError
from .batch import Batch
from .sampling import Choice, Chosen, Sampling, choose, tell
from .text import Writer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Finish = Literal["stop", "length"]

_log = get_logger(__name__)


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

    def ended(self, reason: str) -> None:
        """Tell that a request has ended: stop, length, cancelled or failed."""

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
    taken: float = field(default_factory=time.perf_counter)
    written: int = 0
    wrote: float = 0.0
    last: int = 0
    cancelled: bool = False


class Engine:
    """Writes answers in a thread of its own.

    Parameters
    ----------
    model : PreTrainedModel
        In evaluation mode, where it is to run. An adapter is merged first.
    tokenizer : PreTrainedTokenizerBase
        Of the model.
    settings : ServingConfig, optional
        How many answers are written at once, how many requests may wait, and how long they may be.
    watch : Watch, optional
        Is told what happens, in the engine's thread.

    Raises
    ------
    ModelError
        If the model or its tokenizer can't be used in this way.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        settings: ServingConfig | None = None,
        watch: Watch | None = None,
    ) -> None:
        settings = settings or ServingConfig()
        self.rows, self.queue = settings.rows, settings.queue
        self.context = _context_of(model, settings.context)
        self.tokenizer = _plain_tokenizer(tokenizer)
        self._ends = _ends_of(model, tokenizer)
        self._vocabulary: int = model.config.get_text_config().vocab_size
        self._batch = Batch(model, self.rows)
        self._running: list[Ticket] = []
        self._waiting: deque[Ticket] = deque()
        self._watch = watch or Watch()
        self._seconds = 1.0  # that a request takes, as far as is known
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="llm-engine", daemon=True)
        self._thread.start()

    def submit(self, prompt: Sequence[int], sampling: Sampling, sink: Sink) -> Ticket:
        """Take a request.

        Parameters
        ----------
        prompt
            Tokens, at least one.
        sampling
            How the answer is written.
        sink
            Is called in the engine's thread with each `Delta`, or with an error, which ends the answer too.

        Raises
        ------
        PromptError
            If the prompt is empty, too long, or holds what is no token.
        BusyError
            If too many requests wait.
        """
        self._check(prompt)
        most = min(sampling.max_tokens, self.context - len(prompt))
        asked = sampling.model_copy(update={"max_tokens": most})
        ticket = Ticket(prompt, asked, Writer(self.tokenizer, sampling.stop), sink, Choice(asked))
        with self._changed:
            if self._closing:
                raise BusyError("the model is being unloaded", 1)
            if len(self._waiting) >= self.queue:
                rounds = math.ceil((len(self._waiting) + 1) / self.rows)
                seconds = max(1, math.ceil(self._seconds * rounds))
                raise BusyError(f"{len(self._waiting)} requests wait already", seconds)
            self._waiting.append(ticket)
            self._changed.notify()
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Free the place of a request, if it has one still."""
        with self._changed:
            ticket.cancelled = True
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self._watch.ended("cancelled")

    def close(self) -> None:
        """End; what is under way fails."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _check(self, prompt: Sequence[int]) -> None:
        if not prompt:
            raise PromptError("the prompt is empty", hint="send some text")
        if len(prompt) >= self.context:
            raise PromptError(
                f"the prompt has {len(prompt)} tokens, and with its answer it may have {self.context}",
                hint="shorten the prompt",
            )
        if not 0 <= min(prompt) <= max(prompt) < self._vocabulary:
            raise PromptError(
                "the prompt holds numbers that are no tokens",
                hint=f"tokens are numbers from 0 to {self._vocabulary - 1}",
            )

    def _run(self) -> None:
        import torch

        with torch.inference_mode():
            while True:
                with self._changed:
                    while not (self._waiting or self._running or self._closing):
                        self._tell_state()
                        self._changed.wait()
                    if self._closing:
                        break
                    newcomers = self._admit()
                try:
                    self._work(newcomers)
                except Exception as error:  # out of memory above all; whatever it is, the next request may do
                    self._tell_failure(self._running, error)
                    self._running.clear()
                    self._batch.cut(0)
                    self._tell_state()
        self._unload()

    def _admit(self) -> list[Ticket]:
        """Take from the queue what fits beside those that run, and into one pass over prompts."""
        taken: list[Ticket] = []
        longest = 0
        while self._waiting and len(self._running) + len(taken) < self.rows:
            longest = max(longest, len(self._waiting[0].prompt))
            if taken and longest * (len(taken) + 1) > self.context:
                break
            taken.append(self._waiting.popleft())
        return taken

    def _work(self, newcomers: Sequence[Ticket]) -> None:
        for row in reversed(range(len(self._running))):
            if self._running[row].cancelled:
                self._leave(row, "cancelled")
        if newcomers:
            self._begin(newcomers)
        if self._running:  # however many come, those who are here go on
            logits = self._batch.advance([ticket.last for ticket in self._running])
            self._write(self._running, choose(logits, [ticket.choice for ticket in self._running]))
        self._tell_state()

    def _begin(self, newcomers: Sequence[Ticket]) -> None:
        now = time.perf_counter()
        for ticket in newcomers:
            self._watch.began(now - ticket.taken, len(ticket.prompt))
        rows = len(self._batch)
        try:
            chosen, prompts = self._read(newcomers)
        except Exception as error:  # a prompt that is too long for the memory: those who are here go on
            self._batch.cut(rows)
            self._tell_failure(newcomers, error)
            return
        self._running += newcomers
        self._write(newcomers, chosen, prompts)

    def _read(self, newcomers: Sequence[Ticket]) -> tuple[list[Chosen], list[tuple[Chosen, ...]]]:
        """Read prompts, and choose the token after each."""
        whole = any(ticket.sampling.prompt_logprobs for ticket in newcomers)
        logits = self._batch.join([ticket.prompt for ticket in newcomers], whole=whole)
        prompts: list[tuple[Chosen, ...]] = [()] * len(newcomers)
        if whole:
            prompts = [_tell_prompt(rows, ticket) for rows, ticket in zip(logits, newcomers, strict=True)]
            ends = [len(ticket.prompt) - 1 for ticket in newcomers]
            logits = logits[range(len(newcomers)), ends]
        return choose(logits, [ticket.choice for ticket in newcomers]), prompts

    def _write(
        self, tickets: Sequence[Ticket], chosen: Sequence[Chosen], prompts: Sequence[tuple[Chosen, ...]] = ()
    ) -> None:
        """Add a token to each answer, and let those that have ended leave."""
        ended: dict[Ticket, str] = {}
        for place, (ticket, one) in enumerate(zip(tickets, chosen, strict=True)):
            try:
                delta = self._add(ticket, one, prompts[place] if prompts else ())
            except Exception as error:  # whatever is wrong with one answer, the others go on
                self._tell_failure([ticket], error)
                ended[ticket] = "failed"
                continue
            if delta.finish:
                ended[ticket] = delta.finish
            _send(ticket, delta)
        for row in reversed(range(len(self._running))):
            finish = ended.get(self._running[row])
            if finish:
                self._leave(row, finish)

    def _add(self, ticket: Ticket, one: Chosen, prompt: tuple[Chosen, ...]) -> Delta:
        most = ticket.sampling.max_tokens
        if not most:
            return Delta("", finish="length", prompt=prompt)
        ticket.written += 1
        now = time.perf_counter()
        if ticket.wrote:
            self._watch.next(now - ticket.wrote)
        else:
            self._watch.first(now - ticket.taken)
        ticket.wrote = now
        ticket.last = one.token
        if one.token in self._ends:
            return Delta(ticket.writer.end(), (one,), "stop", prompt)
        text = ticket.writer.add(one.token)
        if ticket.writer.stopped:
            return Delta(text, (one,), "stop", prompt)
        if ticket.written >= most:
            return Delta(text + ticket.writer.end(), (one,), "length", prompt)
        return Delta(text, (one,), None, prompt)

    def _leave(self, row: int, reason: str) -> None:
        ticket = self._running[row]
        self._batch.leave(row)
        last = self._running.pop()
        if row < len(self._running):
            self._running[row] = last
        if reason == "failed":
            return
        if reason != "cancelled":
            self._seconds += 0.1 * (time.perf_counter() - ticket.taken - self._seconds)
        self._watch.ended(reason)

    def _tell_failure(self, tickets: Sequence[Ticket], error: Exception) -> None:
        _log.error("answers failed", answers=len(tickets), exc_info=error)
        self._fail(tickets, ModelError(f"the model failed: {type(error).__name__}", hint="try again"))

    def _fail(self, tickets: Sequence[Ticket], error: ModelError) -> None:
        for ticket in tickets:
            _send(ticket, error)
            self._watch.ended("failed")

    def _unload(self) -> None:
        """Tell all that are under way or wait."""
        with self._changed:
            tickets = [*self._running, *self._waiting]
            self._waiting.clear()
        self._fail(tickets, ModelError("the model was unloaded", hint="try again"))
        self._running.clear()
        self._batch.cut(0)
        self._tell_state()

    def _tell_state(self) -> None:
        self._watch.state(len(self._running), len(self._waiting), self._batch.nbytes)


def _send(ticket: Ticket, event: Delta | ProjectError) -> None:
    try:
        ticket.sink(event)
    except RuntimeError:  # the event loop that waited for it is closed
        ticket.cancelled = True


def _tell_prompt(logits: torch.Tensor, ticket: Ticket) -> tuple[Chosen, ...]:
    """Give the tokens of a prompt with their probabilities; nothing comes before the first, so it has none."""
    if not ticket.sampling.prompt_logprobs:
        return ()
    likely = logits[: len(ticket.prompt) - 1].float().log_softmax(-1)
    most = ticket.sampling.logprobs or 0
    told = (tell(row, token, most) for row, token in zip(likely, ticket.prompt[1:], strict=True))
    return (Chosen(ticket.prompt[0], math.nan, ()), *told)


def _context_of(model: Any, wanted: int) -> int:
    """Give the tokens that fit: a model that looks back no further than a window is used within the window."""
    config = model.config.get_text_config()
    found = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "sliding_window")]
    return min([limit for limit in (*found, wanted) if limit], default=2048)


def _ends_of(model: Any, tokenizer: Any) -> frozenset[int]:
    """Give the tokens that end an answer, as `generate` has them."""
    settings = model.generation_config
    found = settings.eos_token_id if settings is not None else None
    ends = found if isinstance(found, list) else [found]
    return frozenset(token for token in (*ends, tokenizer.eos_token_id) if token is not None)


def _plain_tokenizer(tokenizer: Any) -> Tokenizer:
    """Give the tokenizer alone, a copy that neither cuts nor pads and that threads may share.

    Raises
    ------
    ModelError
        If it is none of the library tokenizers.
    """
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(fast, Tokenizer):
        raise ModelError(
            f"{type(tokenizer).__name__} can't be served: it has no tokenizer.json",
            hint="save the model with its fast tokenizer",
        )
    plain = Tokenizer.from_str(fast.to_str())
    plain.no_truncation()
    plain.no_padding()
    return plain
