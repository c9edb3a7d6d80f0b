"""Our tools for others, over MCP: each call goes the way of an agent's own, through the gate and the journal."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from ...plugins import PACKAGE
from ..errors import AgentError
from ..jsonable import canonical
from ..opening import find_project, open_session
from ..session import Project, Session
from ..tasks import Limits, TaskSpec
from ..tool_calling import ApprovalNeeded, Call, call_tool
from .registry import open_tools, survey_tools
from .spec import Effect, Tool

if TYPE_CHECKING:
    from mcp.server import Server, ServerRequestContext
    from mcp.types import CallToolResult

_UNLIMITED = Limits(steps=0, tokens=0, seconds=0, money=0)
_AGENT = "mcp"
_MOST_SESSIONS = 1_000


def offered_tools(project: Project, session: Session, names: Sequence[str] = ()) -> dict[str, Tool]:
    """Choose what is offered: the tools that are named, or all that the gate lets pass without asking a person.

    Raises
    ------
    AgentError
        If one that is named does not exist, or the gate does not let it pass.
    """
    if project.config is None:
        raise AgentError("there is no project here", hint="run it in the folder of one")
    if names:
        tools = open_tools(names, project.config)
    else:
        tools = [tool for offer in survey_tools(project.config) for tool in offer.tools]
    verdicts = {tool.name: session.gate.decide(tool, {}, tainted=False, task=session.task) for tool in tools}
    refused = [name for name, verdict in verdicts.items() if verdict.answer != "allow"]
    if names and refused:
        hint = f"{verdicts[refused[0]].reason}; agentic.safety decides"
        raise AgentError(f"{refused[0]} can't be offered: a call needs a person, or is denied", hint=hint)
    return {tool.name: tool for tool in tools if tool.name not in refused}


class Sessions:
    """What each client is given, opened in a thread; of too many, the one that was used longest ago is dropped."""

    def __init__(self, opened: Callable[[], Session], most: int = _MOST_SESSIONS) -> None:
        self._opened, self._most = opened, most
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._opening = asyncio.Lock()

    async def get(self, name: str) -> Session:
        """Give that of a client."""
        async with self._opening:  # two calls of a new client are of one session
            if name not in self._known:
                self._known[name] = await asyncio.to_thread(self._opened)
            self._known.move_to_end(name)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
            return self._known[name]


def make_server(project: Project, names: Sequence[str] = ()) -> Server[object]:
    """Make the server. All calls of one client are one task, with one folder of files, and are tainted together.

    Over HTTP, those of one MCP session are. Newer versions of the protocol know no sessions: there, clients are told
    apart by the address that they ask from, the name and version that they give, and `?client=…` in the URL.

    Raises
    ------
    AgentError
        If a tool that is named can't be offered.
    """
    from mcp.server import Server
    from mcp.types import CallToolRequestParams, ListToolsResult, PaginatedRequestParams, ToolAnnotations
    from mcp.types import Tool as Offered

    def opened() -> Session:
        return open_session(TaskSpec(goal="serve tools over MCP", limits=_UNLIMITED), project)

    tools = offered_tools(project, opened(), names)
    sessions = Sessions(opened)
    numbers = count()

    async def list_tools(context: object, asked: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(
            tools=[
                Offered(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.schema()["function"]["parameters"],
                    annotations=ToolAnnotations(
                        read_only_hint=tool.effect is Effect.READ, idempotent_hint=tool.honours_key
                    ),
                )
                for tool in tools.values()
            ]
        )

    async def call(context: ServerRequestContext[object, Any], asked: CallToolRequestParams) -> CallToolResult:
        session, number = await sessions.get(_client(context)), next(numbers)
        made = Call(str(number), asked.name, asked.arguments or {}, number, tainted=session.tainted)
        return await asyncio.to_thread(_answer, session, tools, made)

    return Server(f"{PACKAGE}-tools", on_list_tools=list_tools, on_call_tool=call)


def _client(context: ServerRequestContext[object, Any]) -> str:
    """Name who asks, by as much as is known of them."""
    asked, told = context.request, context.session.client_params
    if asked is None:  # on standard input there is one
        return ""
    session = asked.headers.get("mcp-session-id", "")
    if session:
        return str(session)
    program = [told.client_info.name, told.client_info.version] if told else []
    return canonical([asked.client.host if asked.client else "", *program, asked.query_params.get("client", "")])


def _answer(session: Session, tools: dict[str, Tool], call: Call) -> CallToolResult:
    from mcp.types import CallToolResult, TextContent

    try:
        step = call_tool(session, _AGENT, tools, call)
    except ApprovalNeeded as needed:
        return CallToolResult(content=[TextContent(text=f"a person has to approve: {needed}")], is_error=True)
    # The program at the other end has read it, and its next calls may be what such content asked for.
    session.tainted = session.tainted or step.tainted
    text = step.error or (step.output if isinstance(step.output, str) else json.dumps(step.output, ensure_ascii=False))
    if step.tainted:
        return CallToolResult(content=[TextContent(text=session.enclose(text))], is_error=bool(step.error))
    if step.error:
        return CallToolResult(content=[TextContent(text=text)], is_error=True)
    structured = step.output if isinstance(step.output, dict) else None
    return CallToolResult(content=[TextContent(text=text)], structured_content=structured)


def serve(names: Sequence[str] = (), environment: str | None = None, overrides: Sequence[str] = ()) -> None:
    """Serve on standard input and output, until the input ends.

    Raises
    ------
    AgentError
        If the library for MCP is not installed, or a tool can't be offered.
    """
    try:
        from mcp.server.stdio import stdio_server
    except ImportError as error:
        raise AgentError("a server of MCP needs the extra mcp", hint="uv sync --extra mcp") from error
    server = make_server(find_project(environment, overrides), names)

    async def run() -> None:
        async with stdio_server() as (source, sink):
            await server.run(source, sink, server.create_initialization_options())

    asyncio.run(run())


def serve_http(
    address: str,
    names: Sequence[str] = (),
    environment: str | None = None,
    overrides: Sequence[str] = (),
) -> None:
    """Serve over HTTP at `/mcp`, to whoever has the key `agentic.tools.mcp_key`, until the process is told to end.

    Parameters
    ----------
    address
        Where to listen, such as `127.0.0.1:8765`.

    Raises
    ------
    AgentError
        If the address is none, there is no key, the library for MCP is not installed, or a tool can't be offered.
    """
    try:
        import uvicorn

        from .mcp_http import make_app
    except ImportError as error:
        raise AgentError("a server of MCP needs the extra mcp", hint="uv sync --extra mcp") from error
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        raise AgentError(f"{address!r} is no address to listen at", hint="for example 127.0.0.1:8765")
    app = make_app(find_project(environment, overrides), names)
    uvicorn.run(app, host=host.strip("[]"), port=int(port), log_level="warning")
