"""A route for what is asked most: described like any other, and called without FastAPI's reading of parameters."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from ..security import Require

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """A route whose function takes the request and the parts of the path as text, and gives a response.

    Its dependencies are those of `security.require`, and nothing else. So it needs no place for what dependencies leave
    open; and errors are handled around all routes.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        handle = self.get_route_handler()

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = await handle(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = answer

    def get_route_handler(self) -> Handler:
        """Check who asks, and call the function."""
        guards = [found for one in self.dependencies if isinstance(found := one.dependency, Require)]
        if len(guards) != len(self.dependencies):
            raise TypeError(f"{self.path} has a dependency that is not made by `require`")
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            for guard in guards:
                await guard(request)
            response: Response = await endpoint(request=request, **request.path_params)
            return response

        return handle
