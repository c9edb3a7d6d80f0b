"""Agents of other services as tools: a call hands one of them a whole task. What it gives is not to be trusted.

Requests go the way of all tools that use HTTP: to allowed hosts, past no private address, within limits of size.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, Field, JsonValue, ValidationError

from ...config import Config
from ..config import AgenticConfig
from ..errors import AgentError, ToolError
from ..tools.addresses import Hosts
from ..tools.config import A2aAgentConfig, ToolsConfig
from ..tools.http import Ask, Rules, send
from ..tools.spec import Effect, Tool, ToolContext, ToolOutput, tool
from .protocol import AT_WORK, CARD_PATH, VERSION, VERSION_HEADER, Card, Fault, Message, Part, Sent, Task

_FIRST_WAIT, _LONGEST_WAIT = 0.05, 2.0  # seconds between two looks at a task
_GRACE = 15.0  # seconds that a tool has beyond its agent's, to end the task there

Told = TypeVar("Told", bound=BaseModel)
Words = Annotated[str, Field(description="What is wanted, with all that the agent must know", max_length=100_000)]


def make_a2a(config: Config) -> list[Tool]:
    """Make a tool of each agent that the configuration names.

    Raises
    ------
    AgentError
        If it names none.
    """
    limits = config.group("agentic", AgenticConfig).tools
    if not limits.a2a_agents:
        raise AgentError(
            "no agent of another service is configured", hint="agentic.tools.a2a_agents takes their addresses"
        )
    return [_make(name, agent, limits) for name, agent in limits.a2a_agents.items()]


def _make(name: str, agent: A2aAgentConfig, limits: ToolsConfig) -> Tool:
    def hand_over(task: Words, context: ToolContext) -> ToolOutput:
        """Hand a task to an agent of another service, and wait for what comes of it."""
        hosts = Hosts(tuple(limits.allowed_hosts), tuple(limits.private_hosts))
        rules = Rules(hosts, limits.http_seconds, limits.http_bytes, context.cancelled)
        return ToolOutput(Remote(name, agent, rules).ask(task, context.key, context.cancelled), tainted=True)

    make = tool(Effect.EXTERNAL, name=f"a2a_{name}", untrusted=True, timeout=agent.seconds + _GRACE)
    made = make(hand_over)
    return replace(made, description=agent.description) if agent.description else made


@dataclass(frozen=True, slots=True)
class Remote:
    """An agent of another service.

    Parameters
    ----------
    rules
        Of each request.
    """

    name: str
    agent: A2aAgentConfig
    rules: Rules

    def ask(self, words: str, key: str, cancelled: Callable[[], bool]) -> dict[str, JsonValue]:
        """Hand it a task, and wait until that is over. One that takes too long, or is given up, is ended there.

        Parameters
        ----------
        key
            Names the message, so that an agent which knows messages again does it once.

        Returns
        -------
        dict
            `state`, and as far as there are any `text`, `data` and `said`, which is what it says of the state.

        Raises
        ------
        ToolError
            If the agent can't be asked, answers nonsense, or takes longer than `seconds`.
        """
        until = time.monotonic() + self.agent.seconds
        url = self._interface()
        message: dict[str, JsonValue] = {"messageId": key, "role": "ROLE_USER", "parts": [{"text": words}]}
        asked: dict[str, JsonValue] = {"returnImmediately": True, "historyLength": 0}
        sent = self._call(url, "SendMessage", {"message": message, "configuration": asked}, Sent)
        if sent.message is not None:
            return _told("completed", sent.message.parts)
        if sent.task is None:
            raise self._nonsense("it gives neither a task nor a message")
        return self._follow(url, sent.task, until, cancelled)

    def _follow(self, url: str, task: Task, until: float, cancelled: Callable[[], bool]) -> dict[str, JsonValue]:
        wait = _FIRST_WAIT
        asked: dict[str, JsonValue] = {"id": task.id, "historyLength": 0}
        try:
            while task.status.state in AT_WORK:
                if cancelled():
                    raise ToolError(f"the task of the agent {self.name} was given up", hint="it was told to end")
                if time.monotonic() > until:
                    raise ToolError(
                        f"the agent {self.name} took longer than {self.agent.seconds:g} s",
                        hint="ask less of it, or raise seconds in agentic.tools.a2a_agents",
                    )
                time.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
                task = self._call(url, "GetTask", asked, Task)
        except ToolError:
            self._end(url, task)
            raise
        parts = [part for artifact in task.artifacts for part in artifact.parts]
        state = task.status.state.removeprefix("TASK_STATE_").lower()
        if state in ("input_required", "auth_required"):  # nobody here answers, so it need not wait
            self._end(url, task)
        return _told(state, parts, task.status.message)

    def _end(self, url: str, task: Task) -> None:
        """Tell it that nobody waits for a task any more; that it does not listen changes nothing."""
        patient = replace(self, rules=replace(self.rules, cancelled=lambda: False, seconds=_GRACE / 3))
        try:
            patient._call(url, "CancelTask", {"id": task.id}, Task)
        except ToolError:
            return

    def _interface(self) -> str:
        """Find out where tasks are sent. A card can't name another service: that one would be sent the key."""
        at = self.agent.url.rstrip("/")
        card = self._read(self._sent(Ask("GET", f"{at}{CARD_PATH}", secrets=self._secrets())), Card)
        for one in card.supported_interfaces:
            url = urljoin(f"{at}/", one.url)
            if one.protocol_binding == "JSONRPC" and one.protocol_version.startswith("1."):
                if _origin(url) != _origin(at):
                    raise self._nonsense("its card sends tasks to another address")
                return url
        raise ToolError(
            f"the agent {self.name} does not speak Agent2Agent {VERSION} over JSON-RPC", hint="ask who runs it"
        )

    def _call(self, url: str, method: str, params: Mapping[str, JsonValue], kind: type[Told]) -> Told:
        body: JsonValue = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
        answer = self._sent(Ask("POST", url, body, {VERSION_HEADER: VERSION}, self._secrets()))
        if not isinstance(answer, dict):
            raise self._nonsense("it gives no JSON-RPC")
        if "error" in answer:
            # Its own words stay away: an exception would make trusted ones of them.
            self._read(answer["error"], Fault)
            raise ToolError(f"the agent {self.name} refuses {method}", hint="its log may say why")
        return self._read(answer.get("result"), kind)

    def _sent(self, ask: Ask) -> JsonValue:
        answer = send(ask, self.rules)
        if answer["status"] in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise ToolError(
                f"the agent {self.name} does not accept our key", hint="set headers in agentic.tools.a2a_agents"
            )
        if answer["status"] != HTTPStatus.OK:
            raise ToolError(f"the agent {self.name} answers with status {answer['status']}", hint="is its url right?")
        if answer.get("cut"):
            raise ToolError(f"the agent {self.name} says too much", hint="agentic.tools.http_bytes is the most")
        return answer.get("body")

    def _read(self, given: JsonValue, kind: type[Told]) -> Told:
        try:
            return kind.model_validate(given)
        except ValidationError as error:
            raise self._nonsense(f"it gives no {kind.__name__}") from error

    def _secrets(self) -> dict[str, str]:
        return {name: value.get_secret_value() for name, value in self.agent.headers.items()}

    def _nonsense(self, reason: str) -> ToolError:
        return ToolError(f"the agent {self.name} answers nonsense: {reason}", hint="is its url that of an agent?")


def _told(state: str, parts: list[Part], said: Message | None = None) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"state": state}
    for name, pieces in (("text", parts), ("said", said.parts if said else [])):
        text = "\n".join(part.text for part in pieces if part.text)
        if text:
            told[name] = text
    data: list[JsonValue] = [part.data for part in parts if part.data is not None]
    if data:
        told["data"] = data
    return told


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", "", None
