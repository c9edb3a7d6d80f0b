"""Events that are made up, the same at every run: a stream is tried and measured with them, without a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from ..definitions.entities import Kind, Source
from ..times import to_micros
from .messages import Messages, Partition, Position

_BLOCK = 1000  # offsets whose random numbers begin at one seed


@dataclass
class GeneratorSource:
    """Makes events of a source by their offsets.

    Attributes
    ----------
    source
        Whose columns they have.
    topic
        What they belong to.
    start
        Time of the first one.
    count
        How many there are in each partition; None: they don't end.
    entities
        How many keys there are.
    every
        Microseconds between two events.
    late
        The largest delay of an event, in microseconds; it is known that much after it happened.
    key
        The kind of keys.
    """

    source: Source
    topic: str
    start: datetime
    count: int | None = None
    entities: int = 1000
    every: int = 1000
    late: int = 0
    key: Kind = Kind.STRING
    partitions: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        numbers = range(self.entities)
        self._begin = to_micros(self.start)
        self._keys: list[Any] = list(numbers) if self.key is Kind.INTEGER else [f"c{number}" for number in numbers]
        self._next = {Partition(self.topic, number): 0 for number in range(self.partitions)}

    def open(self, position: Position) -> None:
        """Begin each partition at its position."""
        self._next = {one: position(one) or 0 for one in self._next}

    def poll(self, limit: int, seconds: float) -> list[Messages]:
        """Make the next events of the partition that is the furthest behind."""
        partition = min(self._next, key=self._next.__getitem__)
        first = self._next[partition]
        last = first + limit if self.count is None else min(first + limit, self.count)
        if last <= first:
            return []
        self._next[partition] = last
        return [Messages(partition, range(first, last), self.payloads(partition.number, first, last))]

    def payloads(self, number: int, first: int, last: int) -> list[bytes]:
        """Make the events of a partition between two offsets."""
        made: list[bytes] = []
        for block in range(first // _BLOCK, (last + _BLOCK - 1) // _BLOCK):
            begin = block * _BLOCK
            made += self._block(number, block)[max(0, first - begin) : last - begin]
        return made

    def keep_alive(self) -> None:
        """Do nothing: numbers wait."""

    @property
    def ended(self) -> bool:
        """Whether all events were given."""
        return self.count is not None and min(self._next.values()) >= self.count

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _block(self, number: int, block: int) -> list[bytes]:
        source = self.source
        chance = np.random.default_rng([self.seed, number, block])
        mine = self._keys[number % len(self._keys) :: self.partitions]  # an entity's events are in one partition
        known = [self._begin + offset * self.every for offset in range(block * _BLOCK, (block + 1) * _BLOCK)]
        delays = chance.integers(0, self.late + 1, _BLOCK).tolist()
        columns: dict[str, list[Any]] = {
            source.key: [mine[i] for i in chance.integers(0, len(mine), _BLOCK).tolist()],
            source.time: [moment - delay for moment, delay in zip(known, delays, strict=True)],
        }
        if source.created is not None:
            columns[source.created] = known
        for name, kind in source.columns.items():
            columns[name] = _VALUES[kind](chance, known)
        return [orjson.dumps(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


_VALUES: dict[Kind, Callable[[np.random.Generator, list[int]], list[Any]]] = {
    Kind.BOOLEAN: lambda chance, _: chance.integers(0, 2, _BLOCK).astype(bool).tolist(),
    Kind.INTEGER: lambda chance, _: chance.integers(0, 100, _BLOCK).tolist(),
    Kind.FLOAT: lambda chance, _: chance.lognormal(3.0, 1.0, _BLOCK).round(2).tolist(),
    Kind.STRING: lambda chance, _: [f"v{i}" for i in chance.integers(0, 20, _BLOCK).tolist()],
    Kind.TIMESTAMP: lambda _, known: known,
}
