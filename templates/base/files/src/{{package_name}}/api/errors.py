"""Errors as problem documents, `application/problem+json`.

Source of the format: RFC 9457, https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 50
"""A batch may have a fault in every row; more than these are counted and not listed."""


class ApiError(HTTPException):
    """A request that is refused, or can't be answered.

    Parameters
    ----------
    status
        Of HTTP.
    title
        What kind of problem this is; the same text for every problem of its kind.
    detail
        What is wrong this time, and what the client can do about it.
    headers
        Of the response.
    extra
        Further members of the document.

    Examples
    --------
    >>> document(ApiError(404, "Unknown model", "there is no model 'x'", models=["a"]))["type"]
    'urn:problem-type:unknown-model'
    """

    def __init__(
        self, status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(status, detail, headers)
        self.title = title
        self.extra = extra


def document(error: HTTPException, request_id: str = "") -> dict[str, Any]:
    """Describe an error as a problem document."""
    phrase = HTTPStatus(error.status_code).phrase
    title = error.title if isinstance(error, ApiError) else phrase
    kind = "about:blank" if title == phrase else f"urn:problem-type:{_slug(title)}"
    problem: dict[str, Any] = {"type": kind, "title": title, "status": error.status_code}
    if error.detail and error.detail != phrase:
        problem["detail"] = error.detail
    if isinstance(error, ApiError):
        problem |= error.extra
    if request_id:
        problem["request_id"] = request_id
    return problem


def respond(error: HTTPException, scope: Scope) -> Response:
    """Make the response of an error."""
    problem = document(error, scope.get("state", {}).get("request_id", ""))
    told = getattr(scope["app"].state, "told_more", {}) if "app" in scope else {}  # or of an application within
    for prefix, more in told.items():
        if scope.get("path", "").startswith(prefix):
            problem |= more(problem)
    return Response(orjson.dumps(problem), error.status_code, dict(error.headers or {}), MEDIA_TYPE)


def tell_more(app: FastAPI, prefix: str, more: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
    """Give problems of the paths below a prefix further members, in which the clients of these look for errors."""
    app.state.told_more[prefix] = more


def handle_errors(app: FastAPI) -> None:
    """Let an application answer with problem documents."""

    async def refuse(request: Request, error: Exception) -> Response:
        known = error if isinstance(error, HTTPException) else ApiError(500, *_UNEXPECTED)
        return respond(known, request.scope)

    async def refuse_values(request: Request, error: Exception) -> Response:
        faults = error.errors() if isinstance(error, RequestValidationError) else []
        return respond(of_faults(faults), request.scope)

    app.state.told_more = {}
    app.add_exception_handler(HTTPException, refuse)
    app.add_exception_handler(RequestValidationError, refuse_values)


_UNEXPECTED = ("Internal Server Error", "the fault is logged under the request_id")


def unexpected() -> ApiError:
    """Say no more than that something went wrong: the cause is for the log."""
    return ApiError(500, *_UNEXPECTED)


def of_faults(faults: Sequence[Mapping[str, Any]], status: int = 422) -> ApiError:
    """Refuse what pydantic has found fault with; a body that is no JSON with 400."""
    if any(fault["type"] == "json_invalid" for fault in faults):
        reason = faults[0].get("ctx", {}).get("error", "")
        return ApiError(400, "Malformed JSON", f"the body is no JSON: {reason} at character {faults[0]['loc'][-1]}")
    listed = [{**_place(fault["loc"]), "detail": fault["msg"]} for fault in faults[:MOST_FAULTS]]
    count = f"{len(faults)} value is" if len(faults) == 1 else f"{len(faults)} values are"
    rest = f"; the first {MOST_FAULTS} are listed" if len(faults) > MOST_FAULTS else ""
    return ApiError(status, "Invalid values", f"{count} not valid{rest}", errors=listed)


def _place(location: Sequence[str | int]) -> dict[str, str]:
    """Point into the body (RFC 6901, as a fragment), or name a parameter."""
    where, *path = location
    if where == "body":
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
        return {"pointer": "#" + "".join(f"/{step}" for step in steps)}
    return {"parameter": ".".join(map(str, path)), "in": str(where)}


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
