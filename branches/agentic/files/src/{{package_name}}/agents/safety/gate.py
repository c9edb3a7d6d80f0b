"""The gate: decides of each call of a tool whether it is made, refused, or a person is asked.

kill switch → tools that nobody may use → rules, else the effect → untrusted text → approvals given beforehand

The strictest answer holds. The gate looks at the tool, the arguments and where the conversation has been, never at what
the model says about them: a model that was talked round must not be able to talk the gate round.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic_core import to_jsonable_python

from ..session import Verdict
from ..tasks import Grant, TaskSpec
from ..tools.spec import Effect, Tool
from .config import Answer, RuleConfig, SafetyConfig
from .kill_switch import KillSwitch
from .patterns import compile_pattern, fits

_STRICTNESS: Mapping[Answer, int] = {"allow": 0, "ask": 1, "deny": 2}


class PolicyGate:
    """Decides by the configuration.

    Parameters
    ----------
    config
        The policy.
    kill_switch
        Stops everything.
    checks
        Whether the policy is in force (`agentic.agents.safety_checks`). Without, only the kill switch and
        `denied_tools` are.
    """

    def __init__(self, config: SafetyConfig, kill_switch: KillSwitch, *, checks: bool = True) -> None:
        self._config, self._kill_switch, self._checks = config, kill_switch, checks

    def decide(self, tool: Tool, arguments: Mapping[str, Any], *, tainted: bool, task: TaskSpec) -> Verdict:
        """Say whether a call is made.

        Parameters
        ----------
        arguments
            That were checked against the tool's schema.
        tainted
            Whether the agent has read content that nobody vouches for.
        """
        stop = self._kill_switch.thrown()
        if stop:
            return Verdict(answer="deny", reason=f"agents were stopped by {stop.by}: {stop.reason}")
        if fits(tool.name, self._config.denied_tools):
            return Verdict(answer="deny", reason=f"nobody may use {tool.name}")
        if not self._checks:
            return Verdict(answer="allow", reason="safety checks are off")
        verdict = self._by_policy(tool, arguments)
        if tainted and tool.effect is not Effect.READ:
            answer = self._config.tainted
            if _STRICTNESS[answer] > _STRICTNESS[verdict.answer]:
                reason = f"{tool.name} has an effect, and the agent has read text from outside"
                verdict = Verdict(answer=answer, reason=reason)
        if verdict.answer == "ask" and self._config.grants and any(allows(one, tool, arguments) for one in task.grants):
            return Verdict(answer="allow", reason=f"the task allows {tool.name} with these arguments")
        return verdict

    def _by_policy(self, tool: Tool, arguments: Mapping[str, Any]) -> Verdict:
        for rule in self._config.rules:
            if _applies(rule, tool, arguments):
                return Verdict(answer=rule.answer, reason=rule.reason or f"a rule for {rule.tool}")
        effects: Mapping[Effect, Answer] = {
            Effect.READ: self._config.read,
            Effect.WRITE: self._config.write,
            Effect.EXTERNAL: self._config.external,
            Effect.SPEND: self._config.spend,
        }
        return Verdict(answer=effects[tool.effect], reason=f"{tool.name} is a tool of the kind {tool.effect}")

    def refusal(self, task: TaskSpec) -> str:
        """Say why a task may not begin; nothing if it may."""
        stop = self._kill_switch.thrown()
        if stop:
            return f"agents were stopped by {stop.by}: {stop.reason}"
        if self._checks:
            for pattern in self._config.forbidden:
                if compile_pattern(pattern).search(task.goal):
                    return f"the task asks for what agentic.safety.forbidden names: {pattern}"
        return ""


def allows(grant: Grant, tool: Tool, arguments: Mapping[str, Any]) -> bool:
    """Say whether an approval that was given beforehand covers a call: the tool, and each argument that it names."""
    return grant.tool == tool.name and all(
        name in arguments and to_jsonable_python(arguments[name]) == value for name, value in grant.arguments.items()
    )


def _applies(rule: RuleConfig, tool: Tool, arguments: Mapping[str, Any]) -> bool:
    if not fnmatchcase(tool.name, rule.tool):
        return False
    given = {name: str(to_jsonable_python(value)) for name, value in arguments.items()}
    return all(
        name in given and _matches(given[name], pattern, every=rule.answer == "allow")
        for name, pattern in rule.arguments.items()
    )


def _matches(text: str, pattern: str, *, every: bool) -> bool:
    """Match an argument as it is written and, where it is a path or an address, as it is meant.

    So `reports/../.env` is not allowed by a rule for `reports/*`, and is denied by one for `.env`.
    """
    if "://" in pattern:
        return _matches_address(text, pattern, every=every)
    ways = (text, text if "://" in text else normpath(text.replace("\\", "/")))
    found = [fnmatchcase(one, pattern) for one in ways]
    return all(found) if every else any(found)


def _matches_address(text: str, pattern: str, *, every: bool) -> bool:
    """Match an address part by part: a pattern of hosts must not be satisfied by what stands in a path."""
    wanted, given = _split(pattern), _split(text)
    if wanted is None or given is None:
        return not every and fnmatchcase(text, pattern)
    if given.username is not None and every:
        return False  # what stands before the @ is no host
    host = given.netloc.rpartition("@")[2]
    if not (fnmatchcase(given.scheme, wanted.scheme) and fnmatchcase(host.lower(), wanted.netloc.lower())):
        return False
    rest = f"?{given.query}" if given.query else ""
    meant = normpath(f"/{unquote(given.path).replace(chr(92), '/').lstrip('/')}")
    meant += "/" if given.path.endswith("/") and meant != "/" else ""
    asked = f"{wanted.path}?{wanted.query}" if wanted.query else wanted.path
    found = [fnmatchcase(f"{path}{rest}", asked or "/") for path in (given.path or "/", meant)]
    return all(found) if every else any(found)


def _split(address: str) -> SplitResult | None:
    """Take an address apart; a question mark in a pattern is one of an address too."""
    try:
        return urlsplit(address)
    except ValueError:
        return None
