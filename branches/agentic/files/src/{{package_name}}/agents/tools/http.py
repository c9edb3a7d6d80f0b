"""One request over HTTP, within limits of hosts, size and time. Each redirect is checked like the first address."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

import httpx
from pydantic import JsonValue

from ..errors import ToolError
from .addresses import Hosts, Resolver, Target

_REDIRECTS = {301, 302, 303, 307, 308}
_BECOMES_GET = {301, 302, 303}
_MOST_REDIRECTS = 5
_TEXT = ("text/", "application/json", "application/xml", "application/yaml", "application/problem")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    Attributes
    ----------
    secrets
        Headers that only the first host is given.
    """

    method: str
    url: str
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a request may take: hosts, seconds in all, bytes of the answer."""

    hosts: Hosts
    seconds: float = 30
    max_bytes: int = 1_000_000
    cancelled: Callable[[], bool] = lambda: False
    resolve: Resolver | None = None


def send(ask: Ask, rules: Rules) -> dict[str, JsonValue]:
    """Send a request, and follow where it leads.

    Returns
    -------
    dict
        `status`, `type`, `url` where a redirect led elsewhere, and `body`: JSON, or text that may be `cut`.

    Raises
    ------
    ToolError
        If the host is not allowed, does not answer, or takes too long.
    """
    until = time.monotonic() + rules.seconds
    first = ask.url
    for _ in range(_MOST_REDIRECTS + 1):
        target = rules.hosts.check(ask.url, rules.resolve)
        answer, location = _send_once(ask, target, rules, until)
        if location is None:
            return answer if ask.url == first else {**answer, "url": ask.url}
        ask = _follow(ask, location, int(str(answer["status"])))
    raise ToolError(f"{first} leads from one address to the next", hint="ask the last one")


def _follow(ask: Ask, location: str, status: int) -> Ask:
    url = urljoin(ask.url, location)
    same = httpx.URL(url).netloc == httpx.URL(ask.url).netloc and httpx.URL(url).scheme == httpx.URL(ask.url).scheme
    moved = replace(ask, url=url, secrets=ask.secrets if same else {})
    if status in _BECOMES_GET and ask.method not in ("GET", "HEAD"):
        moved = replace(moved, method="GET", body=None)
    return moved


def _send_once(ask: Ask, target: Target, rules: Rules, until: float) -> tuple[dict[str, JsonValue], str | None]:
    url = httpx.URL(ask.url).copy_with(host=target.addresses[0].partition("%")[0])
    # Compressed, a small answer can become a huge one.
    fixed = {"Host": httpx.URL(ask.url).netloc.decode(), "Accept-Encoding": "identity", "User-Agent": "agents"}
    headers = {**ask.headers, **ask.secrets, **fixed}
    content = None if ask.body is None else json.dumps(ask.body).encode()
    if content is not None:
        headers["Content-Type"] = "application/json"
    left = max(0.01, until - time.monotonic())
    try:
        # Without the environment: a proxy would ask the name again, and find another address.
        with httpx.Client(trust_env=False, timeout=left, follow_redirects=False) as client:
            request = client.build_request(
                ask.method, url, headers=headers, content=content, extensions={"sni_hostname": target.host}
            )
            answer = client.send(request, stream=True)
            try:
                location = answer.headers.get("location") if answer.status_code in _REDIRECTS else None
                body = b"" if location else _read(answer, rules, until)
            finally:
                answer.close()
    except httpx.TimeoutException as error:
        raise ToolError(f"{target.host} took longer than {rules.seconds:g} s", hint="try later, or ask less") from error
    except httpx.HTTPError as error:
        # Not the error's own words: they may quote what the host sent.
        reason = type(error).__name__
        raise ToolError(f"{target.host} can't be asked: {reason}", hint="is the address right?") from error
    return _told(answer, body, rules.max_bytes), location


def _read(answer: httpx.Response, rules: Rules, until: float) -> bytes:
    """Read an answer up to the limit and one byte more, or until the time is over: whoever trickles is cut off too."""
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise ToolError("the answer is compressed, though that was not asked for", hint="this host can't be asked")
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) > rules.max_bytes:
            break
        if time.monotonic() > until or rules.cancelled():
            raise httpx.ReadTimeout("the time is over")
    return bytes(body[: rules.max_bytes + 1])


def _told(answer: httpx.Response, body: bytes, most: int) -> dict[str, JsonValue]:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    told: dict[str, JsonValue] = {"status": answer.status_code, "type": kind}
    if len(body) > most:
        told["cut"] = True
    if not body:
        return told
    if kind.endswith("json") and len(body) <= most:
        try:
            return {**told, "body": json.loads(body)}
        except (ValueError, RecursionError):
            pass  # it is text then, whatever it says it is
    if kind and not kind.startswith(_TEXT) and not kind.endswith(("json", "xml")):
        return {**told, "body": f"{len(body)} bytes that are no text"}
    return {**told, "body": body[:most].decode(answer.charset_encoding or "utf-8", errors="replace")}
