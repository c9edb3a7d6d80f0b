"""Answering many requests at once: each joins the running batch as soon as there is room, and leaves when it ends.

submit → queue → its prompt is read into a row, in pieces if it is long → a token in each pass → the row is free
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from ..config import ServingConfig
from ..errors import ModelError
from .batch import Batch
from .fitting import rows_that_fit
from .running import Running
from .sampling import Choice, Sampling
from .text import Writer
from .tickets import BusyError, PromptError, Sink, Ticket, Watch
from .words import Constraint, Words

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


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

    Attributes
    ----------
    tokenizer : tokenizers.Tokenizer
        A copy that threads may share.
    words : Words
        What its tokens are made of.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        settings: ServingConfig | None = None,
        watch: Watch | None = None,
    ) -> None:
        settings = settings or ServingConfig()
        self.queue, self._pass = settings.queue, settings.prefill_tokens
        self._threads = settings.threads
        self.context = _context_of(model, settings.context)
        self.rows = rows_that_fit(model, self.context) if settings.rows == "auto" else settings.rows
        self.model, self.tokenizer = model, _plain_tokenizer(tokenizer)
        self._ends = _ends_of(model, tokenizer)
        self._vocabulary: int = model.config.get_text_config().vocab_size
        self.words = Words(self.tokenizer, self._vocabulary, self._ends)
        self._batch = Batch(model, self.rows, self.context)
        self._watch = watch or Watch()
        self._running = Running(self._batch, self._watch, self._pass, settings.lookup_tokens)
        self._waiting: deque[Ticket] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="llm-engine", daemon=True)
        self._thread.start()

    @property
    def nbytes(self) -> int:
        """Memory of keys and values."""
        return self._batch.nbytes

    def submit(
        self, prompt: Sequence[int], sampling: Sampling, sink: Sink, constraint: Constraint | None = None
    ) -> Ticket:
        """Take a request.

        Parameters
        ----------
        prompt
            Tokens, at least one.
        sampling
            How the answer is written.
        sink
            Is called in the engine's thread with each `Delta`, or with an error, which ends the answer too.
        constraint
            Made by `words.constrain`; holds the answer to a schema.

        Raises
        ------
        PromptError
            If the prompt is empty, too long, or holds what is no token.
        BusyError
            If too many requests wait.
        """
        self._check(prompt, sampling.logit_bias)
        most = min(sampling.max_tokens, self.context - len(prompt))
        asked = sampling.model_copy(update={"max_tokens": most})
        writer, choice = Writer(self.tokenizer, sampling.stop), Choice(asked, constraint)
        ticket = Ticket(prompt, asked, writer, sink, choice, self._ends)
        with self._changed:
            if self._closing:
                raise BusyError("the model is being unloaded", 1)
            if len(self._waiting) >= self.queue:
                rounds = math.ceil((len(self._waiting) + 1) / self.rows)
                seconds = max(1, math.ceil(self._running.seconds * rounds))
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

    def _check(self, prompt: Sequence[int], biased: Collection[int]) -> None:
        if not prompt:
            raise PromptError("the prompt is empty", hint="send some text")
        if len(prompt) >= self.context:
            raise PromptError(
                f"the prompt has {len(prompt)} tokens, and with its answer it may have {self.context}",
                hint="shorten the prompt",
            )
        numbers = (*prompt, *biased)
        if not 0 <= min(numbers) <= max(numbers) < self._vocabulary:
            raise PromptError(
                "the request holds numbers that are no tokens",
                hint=f"tokens are numbers from 0 to {self._vocabulary - 1}",
            )

    def _run(self) -> None:
        import torch

        if self._threads:
            torch.set_num_threads(self._threads)
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
                    self._running.work(newcomers)
                except Exception as error:  # out of memory above all; whatever it is, the next request may do
                    self._running.drop(error)
                self._tell_state()
        self._unload()

    def _admit(self) -> list[Ticket]:
        """Take from the queue what fits beside those that run, and into one pass over prompts; a long one alone."""
        taken: list[Ticket] = []
        longest = 0
        if self._running.reading:
            return taken
        while self._waiting and len(self._running) + len(taken) < self.rows:
            longest = max(longest, len(self._waiting[0].prompt))
            if taken and longest * (len(taken) + 1) > self._pass:
                break
            taken.append(self._waiting.popleft())
        return taken

    def _unload(self) -> None:
        """Tell all that are under way or wait."""
        with self._changed:
            waiting = [*self._waiting]
            self._waiting.clear()
        self._running.end(waiting)
        self._tell_state()

    def _tell_state(self) -> None:
        self._watch.state(len(self._running), len(self._waiting), self._batch.nbytes)


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
