"""Who asks, and what they may do.

The middleware finds out who asks and leaves it in the request's scope; a route says what it requires:

    @router.get("/models")
    async def models(principal: Annotated[Principal, Depends(require("read"))]) -> ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from .errors import ApiError

SCOPES = {
    "predict": "Ask models",
    "read": "See which models there are, and how they do",
    "probe": "Ask models and leave no trace: what a key with it asks is not kept for monitoring",
    "admin": "Everything",
}
"""What a key or a user may do; `admin` includes the others."""

PRINCIPAL = "principal"
"""Where in the request's scope the middleware leaves a `Principal`, or the reason why there is none."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: the holder of a key, a user with a token, or somebody on this machine."""

    name: str
    scopes: frozenset[str]
    kind: Literal["key", "user", "local"]

    def may(self, scope: str) -> bool:
        """Whether a scope was given."""
        return scope in self.scopes or "admin" in self.scopes


def keeps_predictions(connection: HTTPConnection) -> bool:
    """Tell whether what is predicted for this request is kept: not for the key of a probe, such as a smoke test."""
    found = connection.scope.get(PRINCIPAL)
    return not (isinstance(found, Principal) and found.kind == "key" and "probe" in found.scopes)


class Require(SecurityBase):
    """A dependency of routes: gives who asks, if they have the scope.

    The name of its scheme carries the scope to the description of the service.
    """

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.model = APIKey.model_validate({"in": APIKeyIn.header, "name": "X-API-Key"})
        self.scheme_name = f"{_SCHEME}{scope}"

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """Give who asks.

        Raises
        ------
        ApiError
            401 if nobody is known by the credentials, 403 if they are not allowed to.
        """
        found = connection.scope.get(PRINCIPAL)
        if isinstance(found, Principal):
            if found.may(self.scope):
                return found
            detail = f"{found.name} lacks the scope {self.scope!r}"
            raise ApiError(403, "Missing scope", detail, scope=self.scope)
        raise unauthorized(found if isinstance(found, str) else _NO_CREDENTIALS)


def require(scope: str) -> Require:
    """Make the dependency of a route that asks for a scope of `SCOPES`."""
    return Require(scope)


def scope_of(scheme: str) -> str | None:
    """Give the scope that the scheme of a `Require` asks for; None for other schemes."""
    return scheme.removeprefix(_SCHEME) if scheme.startswith(_SCHEME) else None


def unauthorized(reason: str) -> ApiError:
    """Refuse a request whose sender is not known."""
    return ApiError(401, "Not authenticated", reason, headers={"WWW-Authenticate": "Bearer"})


_SCHEME = "scope:"
_NO_CREDENTIALS = "send a key as X-API-Key, or a token as Authorization: Bearer"
