"""What is asked: the engine, or `generate` with and without batches.

All of them tell when the first token came, when the last one came, and how many there were.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import ProjectError, first_line
from ..errors import ModelError
from ..load import MIB

if TYPE_CHECKING:
    from ..serving.models import Served

Messages = Sequence[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """When an answer came.

    Attributes
    ----------
    first, last
        Moments of `time.perf_counter`; there is no first one where an answer comes whole.
    tokens
        How many it has.
    """

    first: float | None
    last: float
    tokens: int


class Target(Protocol):
    """What answers."""

    @property
    def cache_mb(self) -> float | None:
        """Megabytes of keys and values at most, where that is known."""
        ...

    async def ask(self, messages: Messages, max_tokens: int) -> Reply:
        """Answer one request; raises a `ProjectError` where there is no answer."""
        ...

    async def close(self) -> None:
        """End."""
        ...


class EngineTarget:
    """The engine of the service, in this process: requests join the batch that is running."""

    def __init__(self, served: Served) -> None:
        self._served, self._most = served, 0

    @property
    def cache_mb(self) -> float:
        """Megabytes of keys and values at most."""
        return self._most / MIB

    async def ask(self, messages: Messages, max_tokens: int) -> Reply:
        """Answer one request."""
        from ..inference.sampling import Sampling

        loop, over = asyncio.get_running_loop(), asyncio.Event()
        times: list[float] = []
        failure: list[ProjectError] = []

        def take(event: Any) -> None:
            if isinstance(event, ProjectError):
                failure.append(event)
                loop.call_soon_threadsafe(over.set)
                return
            times.extend([time.perf_counter()] * len(event.chosen))
            if event.finish:
                self._most = max(self._most, self._served.engine.nbytes)
                loop.call_soon_threadsafe(over.set)

        prompt = self._served.read_messages([*messages])
        ticket = self._served.engine.submit(prompt, Sampling(max_tokens=max_tokens), take)
        try:
            await over.wait()
        except asyncio.CancelledError:
            self._served.engine.cancel(ticket)
            raise
        if failure:
            raise failure[0]
        now = time.perf_counter()
        return Reply(times[0] if times else now, times[-1] if times else now, len(times))

    async def close(self) -> None:
        """End the engine."""
        await asyncio.to_thread(self._served.engine.close)


class BatchTarget:
    """The `generate` of transformers behind a queue: who comes while it works waits for the next batch.

    Parameters
    ----------
    rows : int
        Most requests in a batch; with 1, one is answered after the other.
    """

    cache_mb = None

    def __init__(self, model: Any, tokenizer: Any, rows: int) -> None:
        self._model, self._tokenizer, self._rows = model, tokenizer, rows
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="llm-generate", daemon=True)
        self._thread.start()

    async def ask(self, messages: Messages, max_tokens: int) -> Reply:
        """Answer one request."""
        loop = asyncio.get_running_loop()
        one = _Waiting([*messages], max_tokens, loop, loop.create_future())
        self._waiting.put(one)
        return await one.reply

    async def close(self) -> None:
        """End the thread."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (one := self._waiting.get()) is not None:
            batch = [one]
            while len(batch) < self._rows and not self._waiting.empty():
                other = self._waiting.get()
                if other is None:
                    self._waiting.put(None)
                    break
                batch.append(other)
            batch = [one for one in batch if not one.reply.cancelled()]
            try:
                replies: Sequence[Reply | Exception] = self._answer(batch) if batch else []
            except Exception as error:  # whatever a kernel raises: those who wait are told
                replies = [error] * len(batch)
            for waiting, reply in zip(batch, replies, strict=True):
                waiting.loop.call_soon_threadsafe(waiting.tell, reply)

    def _answer(self, batch: Sequence[_Waiting]) -> list[Reply]:
        import torch

        template = self._tokenizer.apply_chat_template
        texts = [template(one.messages, tokenize=False, add_generation_prompt=True) for one in batch]
        inputs = self._tokenizer(
            texts,
            return_tensors="pt",
            padding=True,
            padding_side="left",
            add_special_tokens=False,
            return_token_type_ids=False,
        ).to(self._model.device)
        most = max(one.max_tokens for one in batch)
        with torch.inference_mode():
            output = self._model.generate(
                **inputs,
                max_new_tokens=most,
                do_sample=False,
                eos_token_id=self._tokenizer.eos_token_id,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        now, ends = time.perf_counter(), self._tokenizer.eos_token_id
        rows = output[:, inputs["input_ids"].shape[1] :].tolist()  # (batch, new tokens)
        lengths = [row.index(ends) + 1 if ends in row else len(row) for row in rows]
        return [Reply(None, now, length) for length in lengths]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request before a batch."""

    messages: Messages
    max_tokens: int
    loop: asyncio.AbstractEventLoop
    reply: asyncio.Future[Reply]

    def tell(self, reply: Reply | Exception) -> None:
        """Give the answer to who asked, if they wait still."""
        if self.reply.done():
            return
        if isinstance(reply, Exception):
            self.reply.set_exception(ModelError(f"the model fails: {first_line(reply)}"))
        else:
            self.reply.set_result(reply)
