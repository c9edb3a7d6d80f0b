"""The requests under way: their prompts are read into rows of a batch, and their answers written there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...logs import get_logger
from ..errors import ModelError
from .batch import Batch
from .lookup import Lookup
from .sampling import choose
from .tickets import Ticket, Watch

if TYPE_CHECKING:
    import torch

_log = get_logger(__name__)


class Running:
    """Reads prompts and writes answers.

    Parameters
    ----------
    batch
        Has a row for each request.
    watch
        Is told what happens.
    most
        Tokens of a prompt that are read in one pass.
    ahead
        Tokens that are guessed ahead.

    Attributes
    ----------
    seconds : float
        That a request takes, as far as is known.
    """

    def __init__(self, batch: Batch, watch: Watch, most: int, ahead: int) -> None:
        self._batch, self._watch, self._pass, self._ahead = batch, watch, most, ahead
        self._tickets: list[Ticket] = []
        self.seconds = 1.0

    def __len__(self) -> int:
        return len(self._tickets)

    @property
    def reading(self) -> bool:
        """Whether there is more of a prompt to read."""
        return any(ticket.unread for ticket in self._tickets)

    def work(self, newcomers: Sequence[Ticket]) -> None:
        """Take who is new, read a piece of a long prompt, and write a token of each answer."""
        for row in reversed(range(len(self._tickets))):
            if self._tickets[row].cancelled:
                self._leave(row, "cancelled")
        unread = next((row for row, ticket in enumerate(self._tickets) if ticket.unread), None)
        if unread is not None:
            self._go_on(unread)
        elif newcomers:
            self._begin(newcomers)
        writing = [row for row, ticket in enumerate(self._tickets) if not ticket.unread]
        if writing:  # however many come, and however much there is to read, those who are here go on
            self._advance(writing)

    def drop(self, error: Exception) -> None:
        """Tell all that they have failed."""
        self._tell_failure(self._tickets, error)
        self._clear()

    def end(self, waiting: Sequence[Ticket]) -> None:
        """Tell all, those who wait included, that the model is gone."""
        self._fail([*self._tickets, *waiting], ModelError("the model was unloaded", hint="try again"))
        self._clear()

    def _advance(self, rows: list[int]) -> None:
        """Write the next token of some rows, and after it those that were guessed as the model chooses them."""
        fed: list[list[int]] = [[] for _ in self._tickets]
        for row in rows:
            fed[row] = self._tickets[row].next(self._ahead)
        logits = self._batch.advance(fed)
        kept, ended = [0] * len(fed), dict[Ticket, str]()
        for place in range(logits.shape[1]):
            chosen = logits[:, place] if len(rows) == len(fed) else logits[rows, place]
            ended |= self._write([self._tickets[row] for row in rows], chosen)
            for row in rows:
                kept[row] += 1
            rows = [row for row in rows if self._agrees(row, fed[row][place + 1 :], ended)]
            if not rows:
                break
        self._batch.keep(kept)
        for ticket, tokens, count in zip(self._tickets, fed, kept, strict=True):
            if ticket.lookup is not None and len(tokens) > 1:
                ticket.lookup.tell(len(tokens) - 1, count - 1)
                self._watch.guessed(len(tokens) - 1, count - 1)
        self._part(ended)

    def _agrees(self, row: int, guessed: Sequence[int], ended: Mapping[Ticket, str]) -> bool:
        """Say whether what was guessed next is what the model has chosen."""
        ticket = self._tickets[row]
        return bool(guessed) and guessed[0] == ticket.last and ticket not in ended

    def _begin(self, newcomers: Sequence[Ticket]) -> None:
        now = time.perf_counter()
        for ticket in newcomers:
            self._watch.began(now - ticket.taken, len(ticket.prompt))
            ticket.lookup = Lookup(ticket.prompt) if self._ahead else None
        rows = len(self._batch)
        whole = any(ticket.sampling.prompt_logprobs for ticket in newcomers)
        try:
            logits = self._batch.join([ticket.take(self._pass) for ticket in newcomers], whole=whole)
            ends = self._take_read(newcomers, logits, whole=whole)
        except Exception as error:  # a prompt that is too long for the memory: those who are here go on
            self._batch.cut(rows)
            self._tell_failure(newcomers, error)
            return
        self._tickets += newcomers
        if not newcomers[0].unread:
            self._part(self._write(newcomers, ends))

    def _go_on(self, row: int) -> None:
        """Read the next piece of a long prompt."""
        ticket = self._tickets[row]
        whole = ticket.sampling.prompt_logprobs
        try:
            ends = self._take_read([ticket], self._batch.go_on(row, ticket.take(self._pass), whole=whole), whole=whole)
        except Exception as error:
            self._tell_failure([ticket], error)
            self._leave(row, "failed")
            return
        if not ticket.unread:
            self._part(self._write([ticket], ends))

    def _take_read(self, tickets: Sequence[Ticket], logits: torch.Tensor, *, whole: bool) -> torch.Tensor:
        """Note what was read, and give the logits after it, of shape (tickets, vocabulary)."""
        sizes = [len(ticket.take(self._pass)) for ticket in tickets]
        if whole:
            for ticket, rows, size in zip(tickets, logits, sizes, strict=True):
                if ticket.sampling.prompt_logprobs:
                    ticket.tell_prompt(rows[:size])
            logits = logits[range(len(tickets)), [size - 1 for size in sizes]]
        for ticket, size in zip(tickets, sizes, strict=True):
            ticket.read += size
        return logits

    def _write(self, tickets: Sequence[Ticket], logits: torch.Tensor) -> dict[Ticket, str]:
        """Add a token to each answer, and tell those that have ended, with the reason."""
        chosen = choose(logits, [ticket.choice for ticket in tickets])
        ended: dict[Ticket, str] = {}
        for ticket, one in zip(tickets, chosen, strict=True):
            try:
                delta = ticket.add(one, self._watch)
            except Exception as error:  # whatever is wrong with one answer, the others go on
                self._tell_failure([ticket], error)
                ended[ticket] = "failed"
                continue
            if delta.finish:
                ended[ticket] = delta.finish
            ticket.send(delta)
        return ended

    def _part(self, ended: Mapping[Ticket, str]) -> None:
        """Let those leave that have ended."""
        for row in reversed(range(len(self._tickets))):
            finish = ended.get(self._tickets[row])
            if finish:
                self._leave(row, finish)

    def _leave(self, row: int, reason: str) -> None:
        ticket = self._tickets[row]
        self._batch.leave(row)
        last = self._tickets.pop()
        if row < len(self._tickets):
            self._tickets[row] = last
        if reason == "failed":
            return
        if reason != "cancelled":
            self.seconds += 0.1 * (time.perf_counter() - ticket.taken - self.seconds)
        self._watch.ended(reason)

    def _tell_failure(self, tickets: Sequence[Ticket], error: Exception) -> None:
        _log.error("answers failed", answers=len(tickets), exc_info=error)
        self._watch.failed(error)
        known = error if isinstance(error, ModelError) else None
        self._fail(tickets, known or ModelError(f"the model failed: {type(error).__name__}", hint="try again"))

    def _fail(self, tickets: Sequence[Ticket], error: ModelError) -> None:
        for ticket in tickets:
            ticket.send(error)
            self._watch.ended("failed")

    def _clear(self) -> None:
        self._tickets.clear()
        self._batch.cut(0)
