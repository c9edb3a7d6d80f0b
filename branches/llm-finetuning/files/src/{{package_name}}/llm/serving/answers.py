"""The answers to one client, while they are written."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from ...errors import ProjectError

if TYPE_CHECKING:
    from ..inference.engine import Engine
    from ..inference.sampling import Sampling
    from ..inference.tickets import Delta, Ticket
    from ..inference.words import Constraint


class Answers:
    """Takes all prompts of a client, or none of them.

    Parameters
    ----------
    prompts
        Tokens of each.
    count
        Answers to each prompt; with a seed, each answer has the next one.
    constraint
        Holds each answer to a schema.

    Raises
    ------
    PromptError, BusyError
        If one of them is refused.
    """

    def __init__(
        self,
        engine: Engine,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        count: int = 1,
        constraint: Constraint | None = None,
    ) -> None:
        self._engine = engine
        self._constraint = constraint
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[tuple[int, Delta | ProjectError]] = deque()
        self._some, self._told, self._streamed = asyncio.Event(), False, True
        self._tickets: list[Ticket] = []
        self._read = sum(map(len, prompts))
        self._written = 0
        self.prompts = [prompt for prompt in prompts for _ in range(count)]
        try:
            for number, prompt in enumerate(self.prompts):
                change = {} if sampling.seed is None else {"seed": sampling.seed + number % count}
                self._submit(number, prompt, sampling.model_copy(update=change))
        except ProjectError:
            self.cancel()
            raise

    async def deltas(self) -> AsyncIterator[tuple[int, Delta]]:
        """Give what is written, with the number of the answer that it belongs to.

        Raises
        ------
        ModelError
            If the model fails.
        """
        going = len(self._tickets)
        try:
            while going:
                await self._some.wait()
                self._some.clear()
                while self._arrived:
                    number, event = self._arrived.popleft()
                    if isinstance(event, ProjectError):
                        raise event
                    going -= event.finish is not None
                    self._written += len(event.chosen)
                    yield number, event
        finally:
            self.cancel()

    async def collect(self) -> list[list[Delta]]:
        """Give all that was written, by answer."""
        self._streamed = False  # to be woken by each token would cost more than all else that is done for a request
        found: list[list[Delta]] = [[] for _ in self._tickets]
        async for number, delta in self.deltas():
            found[number].append(delta)
        return found

    def usage(self) -> dict[str, int]:
        """Count the tokens that were read and written so far."""
        total = self._read + self._written
        return {"prompt_tokens": self._read, "completion_tokens": self._written, "total_tokens": total}

    def cancel(self) -> None:
        """Free what is not written yet."""
        for ticket in self._tickets:
            self._engine.cancel(ticket)

    def _submit(self, number: int, prompt: Sequence[int], sampling: Sampling) -> None:
        def sink(event: Delta | ProjectError) -> None:
            self._arrived.append((number, event))
            ends = isinstance(event, ProjectError) or event.finish is not None
            if (self._streamed or ends) and not self._told:
                self._told = True  # what comes until the loop looks is found then
                self._loop.call_soon_threadsafe(self._look)

        constraint = self._constraint.copy() if self._constraint else None
        self._tickets.append(self._engine.submit(prompt, sampling, sink, constraint))

    def _look(self) -> None:
        self._told = False
        self._some.set()
