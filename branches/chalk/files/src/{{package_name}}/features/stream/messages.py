"""What a stream is made of: partitions, and messages with their offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

from ..errors import FeatureError


class Partition(NamedTuple):
    """A part of a topic, within which messages have an order.

    Attributes
    ----------
    file
        What names it where it is a file; its number then only makes it likely that rows of two files differ in it.
    """

    topic: str
    number: int = 0
    file: str = ""

    def __str__(self) -> str:
        return f"{self.topic}[{self.file or self.number}]"


# What a message holds: the bytes that were sent, or a row whose values are Python's already.
Payload: TypeAlias = bytes | Mapping[str, Any]

# Tells which offset of a partition comes next; None where nothing of it was read yet.
Position: TypeAlias = Callable[[Partition], int | None]


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of one partition, in their order.

    Attributes
    ----------
    offsets
        Of each message; they rise, and some may be left out.
    """

    partition: Partition
    offsets: Sequence[int]
    payloads: Sequence[Payload]

    def since(self, offset: int) -> Messages:
        """Leave out those before an offset."""
        if not self.offsets or self.offsets[0] >= offset:
            return self
        first = next((i for i, one in enumerate(self.offsets) if one >= offset), len(self.offsets))
        return Messages(self.partition, self.offsets[first:], self.payloads[first:])

    def blocks(self, size: int) -> Iterator[Messages]:
        """Cut them into pieces."""
        for begin in range(0, len(self.offsets), size):
            end = begin + size
            yield Messages(self.partition, self.offsets[begin:end], self.payloads[begin:end])


class Unavailable(FeatureError):
    """Something that a stream needs does not answer: the stream waits for it."""


class EventSource(Protocol):
    """Where messages come from. It is asked for more when the last ones are done with, so none pile up here."""

    def open(self, position: Position) -> None:
        """Begin each partition at its position, or at its beginning."""

    def poll(self, limit: int, seconds: float) -> list[Messages]:
        """Wait for messages, and give at most `limit`; none when nothing came in time."""

    def keep_alive(self) -> None:
        """Stay known to the server while messages can't be taken."""

    @property
    def ended(self) -> bool:
        """Whether no more will come."""

    def close(self) -> None:
        """Give partitions back."""
