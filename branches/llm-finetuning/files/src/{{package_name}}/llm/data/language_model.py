"""Asking a language model behind an OpenAI-compatible URL: structured answers, kept, and paid for within a limit.

question → kept answer, or: limit → request → retries → answer kept
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from secrets import SystemRandom
from typing import Any
from urllib.parse import urlsplit

import httpx

from ...disk import room_for
from ..config import GenerationConfig
from ..errors import ModelError

KEY = "LLM_API_KEY"
"""Environment variable with the key of the endpoint."""

Message = Mapping[str, str]

_MILLION = 1_000_000
_BYTES = 3  # of a token, where none have been counted; few languages have fewer
_LARGEST = 2_000_000  # bytes of an answer
_LONGEST_WAIT = 60.0  # seconds between two tries
_SHOWN = 300  # characters of what an endpoint says
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class LimitReachedError(ModelError):
    """What may be spent is spent."""


class NonsenseError(ModelError):
    """An answer that is not what was asked for."""


@dataclass
class Usage:
    """What asking took.

    Attributes
    ----------
    requests, kept : int
        Answers that were asked for, and answers that were there from before.
    prompt_tokens, completion_tokens : int
        Tokens sent and received.
    cost : float
        Their price.
    """

    requests: int = 0
    kept: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


class LanguageModel:
    """A language model behind a URL.

    Parameters
    ----------
    settings : GenerationConfig
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

    def __init__(self, settings: GenerationConfig, cache: Path, sleep: Callable[[float], None] = time.sleep) -> None:
        address = urlsplit(settings.url)
        if address.scheme not in {"http", "https"} or not address.hostname or not settings.model:
            raise ModelError(
                "it is not said which language model is to be asked",
                hint="give its OpenAI-compatible address and its name: --set llm.generation.url=http://127.0.0.1:8080/v1"
                " --set llm.generation.model=<name>; Ollama, llama.cpp and vLLM serve local models so",
            )
        self.settings, self.usage = settings, Usage()
        self._key = os.environ.get(KEY, "")
        if self._key and address.scheme == "http" and address.hostname not in _LOOPBACK:
            raise ModelError(f"{KEY} would be sent to {address.hostname} in the open", hint="use an https address")
        self._sleep, self._reserved = sleep, 0.0
        self._lock = threading.Lock()
        cache.parent.mkdir(parents=True, exist_ok=True)
        self._kept = sqlite3.connect(cache, check_same_thread=False, isolation_level=None, timeout=30)
        self._kept.execute("PRAGMA journal_mode = WAL")
        self._kept.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, content TEXT NOT NULL)")
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
        self._kept.close()

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any], check: Callable[[Any], None]) -> Any:
        """Give the answer to a conversation, as JSON.

        An answer that is nonsense is asked for once more, with what is wrong with it.

        Parameters
        ----------
        messages : sequence of mapping
            The conversation.
        schema : mapping
            JSON schema of the answer.
        check : callable
            Raises a `ValueError` where an answer is not what was asked for.

        Raises
        ------
        NonsenseError
            If the model does not answer as it should.
        LimitReachedError
            If the request might cost more than is left.
        ModelError
            If the endpoint can't be used.
        """
        body = self._body(messages, schema)
        key = hashlib.sha256(json.dumps([self.settings.url, body], sort_keys=True).encode()).hexdigest()
        with self._lock:
            found = self._kept.execute("SELECT content FROM answers WHERE key = ?", (key,)).fetchone()
            self.usage.kept += found is not None
        if found is not None:
            return json.loads(found[0])
        content = self._pay(body)
        try:
            answer = _parsed(content, check)
        except ValueError as error:
            wrong = {"role": "assistant", "content": content[:_SHOWN]}
            repair = {"role": "user", "content": f"That can't be used: {error}. Answer with JSON of the schema alone."}
            again = self._pay(self._body([*messages, wrong, repair], schema))
            try:
                answer = _parsed(again, check)
            except ValueError as second:
                raise NonsenseError(f"{second}: {again[:_SHOWN]!r}") from second
        with self._lock, room_for("the answers of the language model", ModelError):
            self._kept.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, json.dumps(answer)))
        return answer

    def _body(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
        shape = {"name": "answer", "strict": True, "schema": schema}
        return {
            "model": self.settings.model,
            "messages": list(messages),
            "temperature": self.settings.temperature,
            "max_tokens": self.settings.max_tokens,
            "response_format": {"type": "json_schema", "json_schema": shape},
        }

    def _pay(self, body: Mapping[str, Any]) -> str:
        """Send a request if what it may cost at most is left, and count what it did cost."""
        settings, size = self.settings, len(json.dumps(body, ensure_ascii=False).encode())
        most = self._price(size / _BYTES, settings.max_tokens)
        with self._lock:
            self._refuse_beyond_limit(most, self._reserved)
            self._reserved += most
        try:
            found = self._send(body, most)
            content = found["choices"][0]["message"]["content"] or ""
            counted = found.get("usage") or {}
            sent = _count(counted.get("prompt_tokens"), size)
            received = _count(counted.get("completion_tokens"), len(content.encode()))
            with self._lock:
                self.usage.requests += 1
                self.usage.prompt_tokens += sent
                self.usage.completion_tokens += received
                self.usage.cost += self._price(sent, received)
        except (AttributeError, TypeError, KeyError, IndexError, OverflowError) as error:
            self._charge(most)
            raise NonsenseError("the endpoint does not answer as OpenAI's does") from error
        except NonsenseError:
            self._charge(most)
            raise
        finally:
            with self._lock:
                self._reserved -= most
        return str(content)

    def _refuse_beyond_limit(self, most: float, reserved: float) -> None:
        """Make sure that one more request, beside those under way, may be paid for; the lock must be held."""
        limit, spent = self.settings.max_cost, self.usage.cost
        if limit and spent + reserved + most > limit:
            raise LimitReachedError(
                f"the limit of {limit:g} is reached: {spent:.4f} is spent, and one more request may cost {most:.4f}",
                hint="answers are kept: raise llm.generation.max_cost and run it again to go on from here",
            )

    def _charge(self, most: float, *, again: bool = False) -> None:
        """Count an answer that was of no use at what it may have cost at most.

        What was set aside for it is then for another try, if that may be paid for.
        """
        with self._lock:
            self.usage.requests += 1
            self.usage.cost += most
            if again:
                self._refuse_beyond_limit(most, self._reserved - most)

    def _price(self, sent: float, received: float) -> float:
        return (sent * self.settings.prompt_price + received * self.settings.completion_price) / _MILLION

    def _send(self, body: Mapping[str, Any], most: float) -> dict[str, Any]:
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
                    self._charge(most, again=True)
            else:
                if status == HTTPStatus.OK:
                    return _object(content)
                reason = f"{status} {self._hidden(content)}"
                if status not in _BUSY and status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise ModelError(f"{self._where} refuses: {reason}", hint=_hint(status))
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


def _parsed(content: str, check: Callable[[Any], None]) -> Any:
    """Read the JSON of an answer; models without structured output put it between fences."""
    text = content.strip()
    if text.startswith("```"):
        text = text.partition("\n")[2].rpartition("```")[0]
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    check(answer)
    return answer


def _asked_wait(header: str) -> float:
    """Read the seconds that an endpoint asks to wait; a date is not understood, and 0."""
    return float(header) if header.replace(".", "", 1).isdigit() else 0.0


def _hint(status: int) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return f"put a valid key into {KEY}"
    if status == HTTPStatus.NOT_FOUND:
        return "look at llm.generation.url, which usually ends with /v1, and llm.generation.model"
    return "look at the section llm.generation of the configuration"
