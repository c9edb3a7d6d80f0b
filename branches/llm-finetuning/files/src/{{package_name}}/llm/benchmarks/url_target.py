"""Whatever answers at an address, as something that is measured."""

from __future__ import annotations

import json
import os
import time

from ...errors import first_line
from ..data.endpoint import KEY
from ..errors import ModelError
from .targets import Messages, Reply


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
