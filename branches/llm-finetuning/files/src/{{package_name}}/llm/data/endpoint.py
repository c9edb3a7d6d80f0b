"""A language model behind an OpenAI-compatible address: request → retries → answer."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from secrets import SystemRandom
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from ..errors import ModelError
from .config import LanguageModelConfig
from .language_model import LanguageModel, NonsenseError
from .spending import Amount

KEY = "LLM_API_KEY"
"""Environment variable with the key of the endpoint."""

_BYTES = 3  # of a token, where none have been counted; few languages have fewer
_LARGEST = 2_000_000  # bytes of an answer
_LONGEST_WAIT = 60.0  # seconds between two tries
_SHOWN = 300  # characters of what an endpoint says
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


def _parted(settings: LanguageModelConfig) -> SplitResult:
    """Take an address apart; an error does not show it, since it may hold a password."""
    try:
        httpx.URL(settings.url)  # it looks at host and port too
        return urlsplit(settings.url)
    except (ValueError, httpx.InvalidURL) as error:
        hint = "write it like http://127.0.0.1:8080/v1"
        raise ModelError(f"{settings.section}.url is no address of a service", hint=hint) from error


class Endpoint(LanguageModel):
    """A language model behind an address.

    Parameters
    ----------
    settings : LanguageModelConfig
        Where it is, what it is called, and what it may cost.
    cache : Path
        SQLite file in which answers are kept.
    sleep : callable, optional
        Waits between two tries.

    Raises
    ------
    ModelError
        If it is not said which model is meant, or the key would be sent in the open.
    """

    def __init__(self, settings: LanguageModelConfig, cache: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        address = _parted(settings)
        if address.scheme not in {"http", "https"} or not address.hostname or not settings.model:
            raise ModelError(
                "it is not said which language model is to be asked",
                hint=f"name a checkpoint or a folder to be loaded here, --set {settings.section}.model=<name>, or give "
                "the OpenAI-compatible address of a service, Ollama, llama.cpp or vLLM too: "
                f"--set {settings.section}.url=http://127.0.0.1:8080/v1",
            )
        self._key = os.environ.get(KEY, "")
        if self._key and address.scheme == "http" and address.hostname not in _LOOPBACK:
            raise ModelError(f"{KEY} would be sent to {address.hostname} in the open", hint="use an https address")
        super().__init__(settings, cache, settings.url)
        self._sleep = sleep
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes the address of each request, passwords and all
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._client = httpx.Client(
            headers=headers,
            timeout=settings.timeout,
            follow_redirects=False,
            trust_env=address.hostname not in _LOOPBACK,  # a proxy would look for the model on its own machine
        )

    def close(self) -> None:
        """End the connections."""
        self._client.close()
        super().close()

    def _answer(self, body: Mapping[str, Any]) -> str:
        """Send a request if what it may cost at most is left, and count what it did cost."""
        size = len(json.dumps(body, ensure_ascii=False).encode())
        most = self.budget.most(size / _BYTES)
        with self.budget.reserve(most):
            try:
                found = self._send(body, most)
                content = found["choices"][0]["message"]["content"] or ""
                counted = found.get("usage") or {}
                sent = _count(counted.get("prompt_tokens"), size)
                self.budget.count(sent, _count(counted.get("completion_tokens"), len(content.encode())))
            except (AttributeError, TypeError, KeyError, IndexError, OverflowError) as error:
                self.budget.charge(most)
                raise NonsenseError("the endpoint does not answer as OpenAI's does") from error
            except NonsenseError:
                self.budget.charge(most)
                raise
        return str(content)

    def _send(self, body: Mapping[str, Any], most: Amount) -> dict[str, Any]:
        """Send a request, again and again while the endpoint is busy or away.

        A try that was cut off may be billed all the same.
        """
        reason = ""
        for attempt in range(self.settings.retries + 1):
            wait = min(2.0**attempt, _LONGEST_WAIT) * SystemRandom().uniform(0.5, 1)
            try:
                status, headers, content = self._post(body)
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                if isinstance(error, httpx.ReadError | httpx.ReadTimeout | httpx.RemoteProtocolError):
                    self.budget.charge(most, again=True)
            else:
                if status == HTTPStatus.OK:
                    return _object(content)
                reason = f"{status} {self._hidden(content)}"
                if status not in _BUSY and status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise ModelError(f"{self._where} refuses: {reason}", hint=_hint(status, self.settings.section))
                wait = _asked_wait(headers.get("retry-after", "")) or wait
            if attempt < self.settings.retries:
                self._sleep(min(wait, _LONGEST_WAIT))
        raise ModelError(
            f"{self._where} did not answer in {self.settings.retries + 1} tries: {reason}",
            hint="what was answered before is kept; run it again later to go on from here",
        )

    def _post(self, body: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request; neither its time nor its size is left to the endpoint."""
        end = time.monotonic() + self.settings.timeout
        content = bytearray()
        address = f"{self.settings.url.rstrip('/')}/chat/completions"
        with self._client.stream("POST", address, json=body) as response:
            for part in response.iter_bytes():
                content += part
                if len(content) > _LARGEST:
                    raise NonsenseError(f"{self._where} sends more than {_LARGEST} bytes")
                if time.monotonic() > end:
                    raise httpx.ReadTimeout(f"no whole answer in {self.settings.timeout:g} s")
        return response.status_code, response.headers, bytes(content)

    def _hidden(self, content: bytes) -> str:
        """Give the start of what an endpoint says, without the key."""
        text = " ".join(content[:_SHOWN].decode("utf-8", "replace").split())
        return text.replace(self._key, "[SECRET]") if self._key else text

    @property
    def _where(self) -> str:
        return f"the language model at {urlsplit(self.settings.url).netloc.rpartition('@')[2]}"


def _count(tokens: Any, size: int) -> int:
    """Take the tokens that an endpoint has counted, or count them by the bytes where that can't be."""
    return tokens if isinstance(tokens, int) and tokens >= 0 else size // _BYTES


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NonsenseError(f"the endpoint answers with what is not JSON: {content[:_SHOWN]!r}") from error
    if not isinstance(found, dict):
        raise NonsenseError(f"the endpoint answers with a {type(found).__name__}")
    return found


def _asked_wait(header: str) -> float:
    """Read the seconds that an endpoint asks to wait; a date is not understood, and 0."""
    return float(header) if header.replace(".", "", 1).isdigit() else 0.0


def _hint(status: int, section: str) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return f"put a valid key into {KEY}"
    if status == HTTPStatus.NOT_FOUND:
        return f"look at {section}.url, which usually ends with /v1, and {section}.model"
    return f"look at the section {section} of the configuration"
