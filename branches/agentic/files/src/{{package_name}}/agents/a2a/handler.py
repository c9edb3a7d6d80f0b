"""Calls of Agent2Agent, each for as long as its caller may make them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from a2a.auth.user import User
from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import DefaultServerCallContextBuilder
from a2a.types import Message, SendMessageRequest, SubscribeToTaskRequest, Task
from a2a.utils.errors import InvalidRequestError
from fastapi import Request

from ...api.identity import Identity
from ...api.security import PRINCIPAL, Principal

SCOPE = "predict"
_LOOK = 0.5  # seconds between two looks whether a caller still may
_STILL_MAY = "still_may"

Given = TypeVar("Given")


class _Caller(User):
    """Who asks, as the gateway found them."""

    def __init__(self, principal: Principal) -> None:
        self._principal = principal

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def user_name(self) -> str:
        return self._principal.name


class Callers(DefaultServerCallContextBuilder):
    """Says of each call who makes it, and whether they still may."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def build(self, request: Request) -> ServerCallContext:
        """Give what is known of a call."""
        context = super().build(request)
        context.state[_STILL_MAY] = partial(self._identity.still_may, request.scope, SCOPE)
        return context

    def build_user(self, request: Request) -> User:
        """Give who makes it."""
        return _Caller(request.scope[PRINCIPAL])


class Calls(DefaultRequestHandler):
    """Answers calls. Those that last end when the key is revoked; their tasks go on."""

    async def on_message_send(self, params: SendMessageRequest, context: ServerCallContext) -> Message | Task:
        """Take a message, and give what comes of it."""
        return await _while_allowed(super().on_message_send(params, context), context.state[_STILL_MAY])

    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        """Take a message, and give what happens."""
        async for event in _each(super().on_message_send_stream(params, context), context):
            yield event

    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        """Give what happens to a task that was begun."""
        async for event in _each(super().on_subscribe_to_task(params, context), context):
            yield event


async def _each(events: AsyncGenerator[Event, None], context: ServerCallContext) -> AsyncGenerator[Event, None]:
    while (event := await _while_allowed(anext(events, None), context.state[_STILL_MAY])) is not None:
        yield event


async def _while_allowed(coming: Awaitable[Given], still_may: Callable[[], Awaitable[bool]]) -> Given:
    """Wait for something as long as who waits may have it."""
    waiting = asyncio.ensure_future(coming)
    try:
        while True:
            await asyncio.wait([waiting], timeout=_LOOK)
            if not await still_may():
                raise InvalidRequestError(message="the key may not be used any more")
            if waiting.done():
                return waiting.result()
    finally:
        waiting.cancel()
