"""Tools that reach other systems over HTTP: any address of an allowed host, and the operations of known APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from ...config import Config
from ..config import AgenticConfig
from ..errors import AgentError
from .addresses import Hosts
from .config import ApiConfig, ToolsConfig
from .http import Ask, Rules, send
from .openapi import Operation, read_openapi
from .schemas import model_of
from .spec import Effect, Tool, ToolContext, ToolOutput, tool

# By RFC 9110, 9.2.2: doing it twice is doing it once.
_IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE")
_KEY = "Idempotency-Key"

Url = Annotated[str, Field(description="Of a host that the configuration allows", max_length=4_000)]


def make_http(config: Config) -> list[Tool]:
    """Make the tools `http_get` and `http_send`.

    Raises
    ------
    AgentError
        If no host is allowed.
    """
    limits = config.group("agentic", AgenticConfig).tools
    if not limits.allowed_hosts:
        raise AgentError(
            "tools may ask no host over HTTP", hint="agentic.tools.allowed_hosts lists those that they may"
        )

    def http_get(url: Url, context: ToolContext) -> dict[str, JsonValue]:
        """Ask an address over HTTP, without changing anything there."""
        return send(Ask("GET", url), _rules(limits, context))

    def http_send(
        url: Url,
        body: JsonValue,
        context: ToolContext,
        method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST",
    ) -> dict[str, JsonValue]:
        """Send JSON to an address over HTTP, which may change something there."""
        return send(Ask(method, url, body, headers={_KEY: context.key}), _rules(limits, context))

    return [
        tool(Effect.EXTERNAL, honours_key=True, untrusted=True)(http_get),
        tool(Effect.EXTERNAL, untrusted=True)(http_send),
    ]


def make_apis(config: Config) -> list[Tool]:
    """Make a tool of each operation of the APIs that the configuration describes.

    Raises
    ------
    AgentError
        If there are none, or a description can't be used.
    """
    limits = config.group("agentic", AgenticConfig).tools
    if not limits.apis:
        raise AgentError("no API is described", hint="agentic.tools.apis takes OpenAPI descriptions")
    made: dict[str, Tool] = {}
    for name, api in limits.apis.items():
        base, operations = read_openapi(config.root / api.openapi)
        known = {operation.name: operation for operation in operations}
        for wanted in api.operations or known:
            if wanted not in known:
                raise AgentError(f"the API {name} has no operation {wanted!r}", hint=f"it has: {', '.join(known)}")
            called = f"apis_{name}_{wanted}"
            made[called] = _make(called, api, limits, api.base_url or base, known[wanted])
    return list(made.values())


def _make(name: str, api: ApiConfig, limits: ToolsConfig, base: str, operation: Operation) -> Tool:
    if not base.startswith(("http://", "https://")):
        raise AgentError(f"the API of {name} has no address", hint="set base_url for it in agentic.tools.apis")

    def call(root: Mapping[str, JsonValue], context: ToolContext) -> ToolOutput:
        secrets = {header: value.get_secret_value() for header, value in api.headers.items()}
        headers = operation.headers(root) | {_KEY: context.key}
        ask = Ask(operation.method, operation.address(base, root), root.get("body"), headers, secrets)
        return ToolOutput(send(ask, _rules(limits, context)), tainted=True)

    try:
        arguments = model_of(name, operation.schema)
    except ValueError as error:
        raise AgentError(
            f"the operation {operation.name} can't be used: {error}", hint="mend its description"
        ) from error
    return Tool(
        name=name,
        description=operation.description,
        effect=Effect.EXTERNAL,
        arguments=arguments,
        function=call,
        takes_context=True,
        honours_key=api.honours_key or operation.method in _IDEMPOTENT,
        untrusted=True,
    )


def _rules(limits: ToolsConfig, context: ToolContext) -> Rules:
    hosts = Hosts(tuple(limits.allowed_hosts), tuple(limits.private_hosts))
    return Rules(hosts, limits.http_seconds, limits.http_bytes, context.cancelled)
