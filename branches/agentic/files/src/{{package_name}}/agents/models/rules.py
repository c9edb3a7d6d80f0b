"""How the scripted model answers: rules, of which the first that matches speaks.

A package brings its own through the entry points `<package>.scripts`, each a `Rule` or a list of them; they come before
those that ship.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from langchain_core.messages import AIMessage

from ...plugins import find_plugins
from .. import messages as words
from ..jsonable import as_text, clip
from .conversation import Conversation
from .filling import answer_of, next_calls, wanted_tools
from .telling import tell

_MOST_SUMMARISED = 300


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to answer.

    Attributes
    ----------
    matches
        Whether it has an answer to a conversation.
    answer
        Gives it: text, or calls of tools.
    """

    name: str
    matches: Callable[[Conversation], bool]
    answer: Callable[[Conversation], AIMessage]


def plan(conversation: Conversation) -> AIMessage:
    """Plan to call the tools that fit the goal, and then to answer."""
    lines = [f"call {name}: {conversation.named[name]}" for name in wanted_tools(conversation)]
    return AIMessage("\n".join(f"{number}. {line}" for number, line in enumerate([*lines, "answer"], start=1)))


def call(conversation: Conversation) -> AIMessage:
    """Call the next tool."""
    number = len(conversation.made)
    calls = [
        {"name": name, "args": arguments, "id": f"call_{number + i}", "type": "tool_call"}
        for i, (name, arguments) in enumerate(next_calls(conversation))
    ]
    return AIMessage("", tool_calls=calls)


def agree(conversation: Conversation) -> AIMessage:
    """Find no fault, unless a call failed."""
    failed = [made.name for made in conversation.made if made.failed]
    return AIMessage(f"The answer does not say that {', '.join(failed)} failed." if failed else "OK")


def revise(conversation: Conversation) -> AIMessage:
    """Say the answer again, with what failed."""
    return AIMessage(answer_of(conversation))


def summarise(conversation: Conversation) -> AIMessage:
    """Say what was asked, and what the calls gave."""
    gave = [as_text(clip(tell(made), _MOST_SUMMARISED)[0]) for made in conversation.made]
    return AIMessage(" ".join([f"Asked: {conversation.goal}", *gave]))


def vote(conversation: Conversation) -> AIMessage:
    """Vote for the option that what was said last names first, or for the first one; abstain where there is none."""
    lines = conversation.asked.splitlines()[1:]
    options = [line.removeprefix("- ") for line in takewhile(lambda line: line.startswith("- "), lines)]
    heard = conversation.inputs.get("messages", [])
    said = " ".join(as_text(one) for one in [*(made.output for made in conversation.made), *heard][::-1])
    named = sorted((said.index(option), option) for option in options if option in said)
    return AIMessage(named[0][1] if named else options[0] if options else "ABSTAIN")


GENERIC = (
    Rule("vote", lambda conversation: conversation.asked.startswith(words.VOTE), vote),
    Rule("summarise", lambda conversation: conversation.asked.startswith(words.SUMMARISE), summarise),
    Rule("plan", lambda conversation: conversation.asked in (words.PLAN, words.REPLAN), plan),
    Rule("critique", lambda conversation: conversation.asked == words.CRITIQUE, agree),
    Rule("revise", lambda conversation: conversation.asked == words.REVISE, revise),
    Rule("call", lambda conversation: bool(next_calls(conversation)), call),
    Rule("answer", lambda conversation: True, lambda conversation: AIMessage(answer_of(conversation))),
)


@cache
def all_rules() -> tuple[Rule, ...]:
    """Give the rules of plugins, and behind them those that ship."""
    found: list[Rule] = []
    for plugin in find_plugins("scripts").values():
        loaded = plugin.load()
        rules = [loaded] if isinstance(loaded, Rule) else loaded
        if not isinstance(rules, list | tuple) or not all(isinstance(rule, Rule) for rule in rules):
            raise plugin.error("it is no Rule, and no list of them")
        found += rules
    return (*found, *GENERIC)
