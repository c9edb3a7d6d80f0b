"""Logging in: a name and a password for a token."""

from __future__ import annotations

import asyncio
from typing import Any, Literal
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError

from ..credentials import CredentialsError
from ..errors import ApiError
from ..gateway import Services
from ..limits import sender
from ..security import unauthorized

router = APIRouter(tags=["access"])

_FORM = "application/x-www-form-urlencoded"


class Login(BaseModel):
    """A name and a password."""

    username: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")
    password: str = Field(min_length=1, max_length=1000)


class Token(BaseModel):
    """What requests are sent with, as `Authorization: Bearer <access_token>`."""

    access_token: str
    token_type: Literal["bearer"] = Field(default="bearer")
    expires_in: int = Field(description="Seconds")


_BODY = {
    "required": True,
    "content": {kind: {"schema": Login.model_json_schema()} for kind in ("application/json", _FORM)},
}


@router.post("/token", summary="Log in", openapi_extra={"requestBody": _BODY})
async def log_in(request: Request) -> Token:
    """Give a token for a name and a password, as JSON or as a form."""
    login = await _read(request)
    services: Services = request.app.state.services
    client = request.client.host if request.client else ""
    await services.limiter.check("login", sender(client))
    await services.limiter.check("login", f"user {login.username}")
    try:
        async with services.hashing:
            user = await asyncio.to_thread(request.app.state.credentials.log_in, login.username, login.password)
    except CredentialsError as error:
        raise ApiError(503, "Service unavailable", "passwords can't be verified now") from error
    if user is None:
        raise unauthorized("the name or the password is wrong")
    text, seconds = services.identity.token(user)
    return Token(access_token=text, expires_in=seconds)


async def _read(request: Request) -> Login:
    body = await request.body()
    try:
        if request.headers.get("content-type", "").startswith(_FORM):
            values: Any = {name: given[0] for name, given in parse_qs(body.decode()).items()}
        else:
            values = orjson.loads(body)
        return Login.model_validate(values)
    except ValidationError as error:
        names = ", ".join(str(fault["loc"][0]) if fault["loc"] else "the body" for fault in error.errors())
        raise ApiError(422, "Invalid values", f"send username and password; not valid: {names}") from error
    except ValueError as error:
        raise ApiError(400, "Malformed JSON", "send username and password as JSON or as a form") from error
