"""Tools of MCP servers, as tools of agents. What a server gives is content that nobody vouches for."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ...config import Config
from ..config import AgenticConfig
from ..errors import AgentError, ToolError
from .config import McpServerConfig
from .mcp_connection import Connection, connect_to
from .schemas import model_of
from .spec import Effect, Tool, ToolContext, ToolOutput

if TYPE_CHECKING:
    from mcp.types import CallToolResult
    from mcp.types import Tool as Offered

_LONGEST_NAME = 64
_LONGEST_DESCRIPTION = 1_000
_IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def make_mcp(config: Config) -> list[Tool]:
    """Make a tool of each that the configured servers offer, and agents may call.

    Raises
    ------
    AgentError
        If no server is configured, one can't be used, or does not offer what was named.
    """
    limits = config.group("agentic", AgenticConfig).tools
    if not limits.mcp_servers:
        raise AgentError(
            "no MCP server is configured", hint="agentic.tools.mcp_servers takes their commands or addresses"
        )
    made: dict[str, Tool] = {}
    for name, server in limits.mcp_servers.items():
        connection = connect_to(name, server, limits.timeout)
        offered = {one.name: one for one in connection.tools()}
        for wanted in server.tools or offered:
            if wanted not in offered:
                raise AgentError(f"the MCP server {name} has no tool {wanted!r}", hint=f"it has: {', '.join(offered)}")
            tool = _make(name, server, connection, offered[wanted])
            if tool.name in made:
                raise AgentError(f"the MCP server {name} has two tools {tool.name!r}", hint="name one under tools")
            made[tool.name] = tool
    return list(made.values())


def _make(server: str, config: McpServerConfig, connection: Connection, offered: Offered) -> Tool:
    name = re.sub(r"[^A-Za-z0-9_]+", "_", f"mcp_{server}_{offered.name}")[:_LONGEST_NAME]

    def call(root: dict[str, JsonValue], context: ToolContext) -> ToolOutput:
        return _read(connection.call(offered.name, root, context.cancelled), context)

    try:
        arguments = model_of(name, offered.input_schema)
    except ValueError as error:
        raise AgentError(f"the tool {offered.name} of {server} can't be used: {error}", hint="leave it out") from error
    return Tool(
        name=name,
        description=(offered.description or offered.name)[:_LONGEST_DESCRIPTION],
        effect=Effect(config.effect),
        arguments=arguments,
        function=call,
        takes_context=True,
        honours_key=config.honours_key,
        untrusted=True,
        foreign=not config.trust_descriptions,
    )


def _read(result: CallToolResult, context: ToolContext) -> ToolOutput:
    """Take the JSON of a result, or its texts; pictures become files of the task."""
    texts: list[str] = []
    files: list[Path] = []
    for block in result.content:
        if block.type == "text":
            texts.append(block.text)
        elif block.type == "image" and block.mime_type in _IMAGES:
            file = Path(f"mcp-{context.key[:10]}-{len(files) + 1}.{_IMAGES[block.mime_type]}")
            try:
                (context.work / file).write_bytes(base64.b64decode(block.data, validate=True))
            except binascii.Error as error:
                raise ToolError("the server gave a picture that is none", hint="call it differently") from error
            files.append(file)
        else:
            texts.append(f"({block.type} left out)")
    content: JsonValue = result.structured_content if result.structured_content is not None else "\n".join(texts)
    if result.is_error:
        # No exception: it would make trusted words of what the server says.
        content = {"error": "\n".join(texts)}
    return ToolOutput(content, files=tuple(files), tainted=True)
