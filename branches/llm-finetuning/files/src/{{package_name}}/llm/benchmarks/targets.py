"""What is asked: the engine, `generate` with and without batches, or whatever answers at an address.

All of them tell when the first token came, when the last one came, and how many there were.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import ProjectError, first_line
from ..data.endpoint import KEY
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


class UrlTarget:
    """Whatever answers as OpenAI's service does: `llm serve`, vLLM, llama.cpp.

    Parameters
    ----------
    url : str
        Up to ``/v1``.
    model : str
        What it is called there; what is served first if empty.
    key : str
        What it asks for, in place of the one in the environment.
    """

    cache_mb = None

    def __init__(self, url: str, model: str, timeout: float, key: str = "") -> None:
        import httpx

        self._url, self._model = url.rstrip("/"), model
        key = key or os.environ.get(KEY, "")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Limits(max_connections=None)  # a client that waits for a connection would hide the delay
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout, limits=limits, trust_env=False)

    async def find_model(self) -> str:
        """Say what is asked, after finding out whether anything answers.

        Raises
        ------
        ModelError
            If nothing does, or no model is served.
        """
        import httpx

        try:
            response = await self._client.get(f"{self._url}/models")
            known = [str(one["id"]) for one in response.raise_for_status().json()["data"]]
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            hint = f"start it, give an address that ends with /v1, and put its key into {KEY} if it has one"
            raise ModelError(f"{self._url} does not tell its models: {first_line(error)}", hint=hint) from error
        self._model = self._model or next(iter(known), "")
        if self._model not in known:
            raise ModelError(f"{self._url} does not serve {self._model!r}", hint=f"it serves {', '.join(known)}")
        return self._model

    async def ask(self, messages: Messages, max_tokens: int) -> Reply:
        """Answer one request."""
        import httpx

        options = {"stream": True, "stream_options": {"include_usage": True}, "temperature": 0}
        body = {"model": self._model, "messages": [*messages], "max_tokens": max_tokens, **options}
        times: list[float] = []
        counted = 0
        try:
            async with self._client.stream("POST", f"{self._url}/chat/completions", json=body) as response:
                response.raise_for_status()
                async for line in response.aiter_lines():
                    content, usage = _read(line)
                    counted = usage or counted
                    if content:
                        times.append(time.perf_counter())
        except (httpx.HTTPError, ValueError) as error:
            raise ModelError(f"{self._url} gives no answer: {first_line(error)}") from error
        now = time.perf_counter()
        return Reply(times[0] if times else None, times[-1] if times else now, counted or len(times))

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()


def _read(line: str) -> tuple[bool, int]:
    """Say whether a line of a stream brings text, and how many tokens it counts.

    Examples
    --------
    >>> _read('data: {"choices": [{"delta": {"content": "Hi"}}]}')
    (True, 0)
    >>> _read('data: {"choices": [], "usage": {"completion_tokens": 7}}')
    (False, 7)
    """
    data = line.removeprefix("data:").strip()
    if not line.startswith("data:") or data == "[DONE]":
        return False, 0
    event = json.loads(data)
    if "error" in event:
        raise ValueError(str(event["error"]))
    usage = event.get("usage") or {}
    brings = any((choice.get("delta") or {}).get("content") for choice in event.get("choices") or ())
    return brings, int(usage.get("completion_tokens") or 0)
