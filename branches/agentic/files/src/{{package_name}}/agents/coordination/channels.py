"""Who hears what an agent says: all, those it names, those who subscribed, or whoever looks at the board."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Literal

from pydantic import JsonValue

from ..jsonable import as_text
from ..tasks import Record

Protocol = Literal["broadcast", "direct", "blackboard", "pubsub"]


class Message(Record):
    """What an agent said.

    Attributes
    ----------
    to
        Whom it is meant for; nobody in particular if empty.
    topic
        What it is about: what others subscribe to, and its place on a blackboard.
    tainted
        Whether it holds, or was caused by, content that nobody vouches for.
    """

    number: int
    sender: str
    to: tuple[str, ...] = ()
    topic: str = ""
    content: JsonValue = None
    tainted: bool = False


def shown(message: Message, enclose: Callable[[str], str]) -> JsonValue:
    """Write a message for an agent that hears it; what nobody vouches for is marked."""
    text = as_text(message.content)
    told: dict[str, JsonValue] = {"from": message.sender, "says": enclose(text) if message.tainted else text}
    return {**told, "topic": message.topic} if message.topic else told


class Channel(ABC):
    """Takes messages, and gives each reader those that reach it. Nothing is lost: who comes late hears it all."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._seen: dict[str, int] = {}

    def post(self, message: Message) -> None:
        """Take a message."""
        self.messages.append(message)

    def heard(self, reader: str) -> list[Message]:
        """Give all that a reader has heard so far and what it said itself, in order."""
        return [one for one in self.messages if one.sender == reader or self.reaches(one, reader)]

    def news(self, reader: str) -> list[Message]:
        """Give what others said to a reader since it was asked for the last time."""
        before, self._seen[reader] = self._seen.get(reader, 0), len(self.messages)
        fresh = self.messages[before:]
        return [one for one in fresh if one.sender != reader and self.reaches(one, reader)]

    @abstractmethod
    def reaches(self, message: Message, reader: str) -> bool:
        """Tell whether another's message reaches a reader."""


class Broadcast(Channel):
    """Everyone hears everything."""

    def reaches(self, message: Message, reader: str) -> bool:
        """Tell that it does."""
        return True


class Direct(Channel):
    """Only those that a message names hear it."""

    def reaches(self, message: Message, reader: str) -> bool:
        """Tell whether the reader is named."""
        return reader in message.to


class Blackboard(Broadcast):
    """Everyone sees the board: on each topic what was written last, or by each writer where it has no topic."""

    def heard(self, reader: str) -> list[Message]:
        """Give what stands on the board, in the order in which it was written."""
        board = {one.topic or f"\0{one.sender}": one for one in self.messages}
        return sorted(board.values(), key=lambda one: one.number)


class PubSub(Channel):
    """Those hear a message who subscribed to its topic, or whom it names.

    Parameters
    ----------
    subscriptions
        Topics by reader.
    """

    def __init__(self, subscriptions: Mapping[str, Collection[str]]) -> None:
        super().__init__()
        self.subscriptions = subscriptions

    def reaches(self, message: Message, reader: str) -> bool:
        """Tell whether the reader subscribed to the topic, or is named."""
        return reader in message.to or message.topic in self.subscriptions.get(reader, ())


def open_channel(protocol: Protocol, subscriptions: Mapping[str, Collection[str]] | None = None) -> Channel:
    """Open the channel of a protocol.

    Examples
    --------
    >>> channel = open_channel("direct")
    >>> channel.post(Message(number=1, sender="ada", to=("ben",), content="the fit is done"))
    >>> [len(channel.heard(reader)) for reader in ("ada", "ben", "eve")]
    [1, 1, 0]
    """
    if protocol == "pubsub":
        return PubSub(subscriptions or {})
    kinds: dict[str, type[Broadcast | Direct]] = {"broadcast": Broadcast, "direct": Direct, "blackboard": Blackboard}
    return kinds[protocol]()
