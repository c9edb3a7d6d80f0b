"""Conversations that grow too long: the middle is summarised, the task and what was said last stay whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from ..jsonable import canonical

Packed = dict[str, JsonValue]

_CHARACTERS_A_TOKEN = 4  # an estimate that holds for English; other languages have fewer
_HEAD = 2  # who the agent is, and its task
_LONGEST = 160  # characters of a message that a summary keeps
_SUMMARY = "Earlier in this conversation, shortened:"
_MARK = "<untrusted"


@dataclass(frozen=True, slots=True)
class Parted:
    """A conversation that is too long: who the agent is and its task, what is left out, and what was said last."""

    head: list[Packed]
    left_out: list[Packed]
    kept: list[Packed]

    def tainted(self) -> bool:
        """Whether what is left out holds text that nobody vouches for."""
        return any(_MARK in str(one["content"]) for one in self.left_out)

    def with_summary(self, text: str) -> list[Packed]:
        """Give the conversation with a text in place of what is left out."""
        return [*self.head, {"type": "human", "content": f"{_SUMMARY}\n{text}"}, *self.kept]


def part(messages: Sequence[Packed], tokens: int) -> Parted | None:
    """Part a conversation that has more tokens than it may; None if it has not, or nothing can be left out.

    Calls and their answers stay together, or models refuse the conversation.

    Parameters
    ----------
    messages
        As they are kept: the first says who the agent is, the second what its task is.
    tokens
        That it may have, about.
    """
    if size_of(messages) <= tokens:
        return None
    head, turns = list(messages[:_HEAD]), _turns(messages[_HEAD:])
    room = tokens // 2 - size_of(head)
    kept: list[list[Packed]] = []
    for turn in reversed(turns):
        room -= size_of(turn)
        if kept and room < 0:
            break
        kept.insert(0, turn)
    left_out = turns[: len(turns) - len(kept)]
    if not left_out:
        return None
    return Parted(head, [one for turn in left_out for one in turn], [one for turn in kept for one in turn])


def by_rules(parted: Parted, tokens: int, enclose: Callable[[str], str]) -> str:
    """Summarise what is left out, by a line for each message, the last ones.

    Parameters
    ----------
    enclose
        Marks text that nobody vouches for; what was marked stays so in the summary.
    """
    said = [line for one in parted.left_out for line in _lines(one, enclose)]
    most = max(tokens // 4 * _CHARACTERS_A_TOKEN // (_LONGEST * 2), 1)
    skipped = [f"- … {len(said) - most} more"] if len(said) > most else []
    return "\n".join([*skipped, *said[-most:]])


def size_of(messages: Sequence[Packed]) -> int:
    """Estimate the tokens of messages."""
    characters = sum(len(str(one["content"])) + (len(str(one["calls"])) if "calls" in one else 0) for one in messages)
    return characters // _CHARACTERS_A_TOKEN


def _turns(messages: Sequence[Packed]) -> list[list[Packed]]:
    """Group messages: what the model or a person said, with the answers of the tools that it called."""
    turns: list[list[Packed]] = []
    for one in messages:
        if one["type"] == "tool" and turns:
            turns[-1].append(one)
        else:
            turns.append([one])
    return turns


def _lines(message: Packed, enclose: Callable[[str], str]) -> list[str]:
    text = str(message["content"])
    marked = text.startswith(_MARK)
    if marked:
        text = "\n".join(text.splitlines()[1:-1])
    short = " ".join(text.split())
    short = short if len(short) <= _LONGEST else f"{short[:_LONGEST]}…"
    if marked:
        short = enclose(short)
    if message["type"] == "tool":
        return [f"- {message['name']} gave: {short}"]
    calls = message.get("calls")
    called = [
        f"- called {call['name']} with {canonical(call['arguments'])[:_LONGEST]}"
        for call in (calls if isinstance(calls, list) else [])
        if isinstance(call, dict)
    ]
    return [*([f"- said: {short}"] if short else []), *called]
