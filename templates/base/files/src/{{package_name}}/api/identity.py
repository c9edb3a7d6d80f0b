"""Finding out who asks: by a key, by a token, or because the request comes from this machine during development."""

from __future__ import annotations

import asyncio
import hashlib
import math
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Literal

import jwt
from starlette.types import Scope

from ..logs import get_logger
from ..plugins import PACKAGE
from .config import ApiConfig
from .credentials import Credentials, CredentialsError
from .errors import ApiError
from .security import SCOPES, Principal

LEAST_SECRET = 32
DEVELOPMENT = "development"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses that no other machine can reach."""

_ALGORITHM = "HS256"
_MOST_CACHED = 10_000
_RENEW = 0.75
"""Share of `api.cache_seconds` after which the database is asked again, while who asks is still believed."""
_MOST_CREDENTIAL = 4096
_DOTS = 2
"""In a token."""
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]"}
_LOCAL = Principal("local", frozenset(SCOPES), "local")
_LOCAL_PROGRAM = Principal("local", frozenset({"read", "predict"}), "local")
_PASSED_ON = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
)
"""Headers that proxies add."""

_log = get_logger(__name__)


class SecretError(CredentialsError):
    """A secret that is missing, or that others could guess."""


def signing_secret(settings: ApiConfig, environment: str) -> str:
    """Get what tokens are signed with.

    Raises
    ------
    SecretError
        Outside development, if it is missing, short or one that everybody knows.
    """
    secret = settings.jwt_secret.get_secret_value()
    hint = 'set API_JWT_SECRET: python -c "import secrets; print(secrets.token_urlsafe(48))"'
    if not secret and environment == DEVELOPMENT:
        return secrets.token_urlsafe(48)
    if not secret:
        raise SecretError(f"api.jwt_secret is not set, and {environment} needs one", hint=hint)
    if len(secret) < LEAST_SECRET:
        raise SecretError(f"api.jwt_secret has less than {LEAST_SECRET} characters", hint=hint)
    if len(set(secret)) < LEAST_SECRET // 4 or "changeme" in secret.lower().replace("-", "").replace("_", ""):
        raise SecretError("api.jwt_secret is a default, or easily guessed", hint=hint)
    return secret


@dataclass(frozen=True, slots=True)
class Unverified:
    """Credentials that were not seen during the last seconds."""

    kind: Literal["key", "token"]
    text: bytes
    mark: bytes


class Identity:
    """Verifies keys and tokens, and believes them for a few seconds, so that the database is not asked each time.

    It is asked once at a time for the same credentials, and before they are believed no more: so no request waits for
    it whose sender goes on asking.
    """

    def __init__(self, settings: ApiConfig, credentials: Credentials, secret: str, *, trust_local: bool) -> None:
        self._settings = settings
        self._credentials = credentials
        self._secret = secret
        self._trust_local = trust_local
        self._known: dict[tuple[str, bytes], tuple[Principal | str, float]] = {}  # with the time of the question
        self._asked: dict[tuple[str, bytes], asyncio.Task[Principal | str]] = {}

    def token(self, user: Principal) -> tuple[str, int]:
        """Make a token for a user.

        Returns
        -------
        tuple of str and int
            The token, and the seconds that it is valid.
        """
        now = datetime.now(UTC)
        lasts = timedelta(minutes=self._settings.token_minutes)
        issued = now.timestamp()  # PyJWT would make a date whole seconds, too coarse to compare with a new password
        claims = {"sub": user.name, "iss": PACKAGE, "aud": PACKAGE, "iat": issued, "exp": now + lasts}
        return jwt.encode(claims, self._secret, _ALGORITHM), int(lasts.total_seconds())

    async def find(self, headers: dict[bytes, bytes], client: str) -> Principal | str | None:
        """Find who asks: what is recalled, and else what the database says.

        Raises
        ------
        ApiError
            503 if the database can't be asked.
        """
        found = self.recall(headers, client)
        return await self.verify(found) if isinstance(found, Unverified) else found

    async def still_may(self, scope: Scope, needed: str) -> bool:
        """Tell whether who has opened something that lasts, such as a page, may still do what a scope allows.

        While the database can't be asked, they may.
        """
        client = scope["client"][0] if scope.get("client") else ""
        try:
            found = await self.find(dict(scope["headers"]), client)
        except ApiError:
            return True
        return isinstance(found, Principal) and found.may(needed)

    def recall(self, headers: dict[bytes, bytes], client: str) -> Principal | Unverified | str | None:
        """Find who asks, as far as that is known without the database.

        Parameters
        ----------
        headers
            Of the request, by their names in lower case.
        client
            The address that it comes from.

        Returns
        -------
        Principal, Unverified, str or None
            Who asks; or credentials to `verify`; or why they are refused; or None if there are none.
        """
        credential = headers.get(b"x-api-key")
        kind: Literal["key", "token"] = "key"
        if credential is None:
            scheme, _, credential = headers.get(b"authorization", b"").partition(b" ")
            if not scheme:
                return _LOCAL if self._trust_local and _is_local(headers, client) else None
            if scheme.lower() != b"bearer":
                return "only keys and bearer tokens are understood"
            credential = credential.strip()
            kind = "key" if credential.startswith(b"key_") else "token"
            if kind == "token" and credential.count(b".") != _DOTS and self._trust_local and _is_local(headers, client):
                return _LOCAL_PROGRAM  # written for another service, it must send some key
        if len(credential) > _MOST_CREDENTIAL:
            return "the credentials are too long"
        mark = hashlib.sha256(credential).digest()
        unverified, lasts = Unverified(kind, credential, mark), self._settings.cache_seconds
        found, asked = self._known.get((kind, mark), ("", -math.inf))
        age = time.monotonic() - asked
        if age >= lasts:
            return unverified
        if age >= _RENEW * lasts and isinstance(found, Principal):
            self._ask(unverified)
        return found

    async def verify(self, credentials: Unverified) -> Principal | str:
        """Ask the database who has these credentials.

        Returns
        -------
        Principal or str
            Who asks, or why the credentials are refused.

        Raises
        ------
        ApiError
            503 if the database can't be asked.
        """
        return await asyncio.shield(self._ask(credentials))  # others may wait for the same

    def _ask(self, credentials: Unverified) -> asyncio.Task[Principal | str]:
        key = (credentials.kind, credentials.mark)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._learn(credentials))
            self._asked[key].add_done_callback(lambda done: self._told(key, done))
        return self._asked[key]

    def _told(self, key: tuple[str, bytes], done: asyncio.Task[Principal | str]) -> None:
        del self._asked[key]
        if not done.cancelled():
            done.exception()  # is told to who waits; if nobody does, they are believed until their time is over

    async def _learn(self, credentials: Unverified) -> Principal | str:
        asked = time.monotonic()
        found = await self._verify(credentials.kind, credentials.text)
        if len(self._known) >= _MOST_CACHED:
            self._known.clear()
        self._known[credentials.kind, credentials.mark] = (found, asked)
        return found

    async def _verify(self, kind: Literal["key", "token"], credential: bytes) -> Principal | str:
        try:
            text = credential.decode("ascii")
        except UnicodeDecodeError:
            return "the credentials are malformed"
        try:
            if kind == "key":
                return await asyncio.to_thread(self._credentials.find_key, text)
            name, issued = self._subject(text)
            return await asyncio.to_thread(self._credentials.find_user, name, issued) or "the user is gone"
        except jwt.ExpiredSignatureError:
            return "the token is expired"
        except jwt.InvalidTokenError:
            return "the token is not valid"
        except CredentialsError as error:
            _log.error("credentials can't be verified", reason=error.message)
            raise ApiError(
                503, "Service unavailable", "credentials can't be verified now", headers={"Retry-After": "5"}
            ) from error

    def _subject(self, token: str) -> tuple[str, float]:
        claims = jwt.decode(
            token,
            self._secret,
            algorithms=[_ALGORITHM],
            audience=PACKAGE,
            issuer=PACKAGE,
            options={"require": ["sub", "exp", "iat"]},
        )
        return str(claims["sub"]), float(claims["iat"])


def _is_local(headers: dict[bytes, bytes], client: str) -> bool:
    """Whether a request was made on this machine, by a name of this machine.

    What a proxy passes on was not; nor what the page of a foreign site sends, be it to this address or to a name of
    its own that it points at 127.0.0.1.
    """
    if not _PASSED_ON.isdisjoint(headers):
        return False
    host = headers.get(b"host", b"").decode("latin-1")
    if b"origin" in headers and headers[b"origin"].decode("latin-1").partition("://")[2] != host:
        return False
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        return name in _LOCAL_HOSTS and ip_address(client).is_loopback
    except ValueError:
        return False
