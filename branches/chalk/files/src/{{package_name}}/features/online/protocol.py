"""What a store of online features does: it keeps bytes by part and key, and knows nothing of what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol, TypeAlias

from ..errors import FeatureError

Address: TypeAlias = tuple[str, str]
"""The part that belongs to a plan, and the key of an entity."""
Expected: TypeAlias = Mapping[str, str | None]
"""What marks are by their names; None: they are not there."""


GROWN = 64
"""Lines that are added to a state until it is worth to be compacted."""


class OnlineStoreError(FeatureError):
    """The store can't be used, or does not answer."""


class Overtaken(FeatureError):
    """A mark is not what it was: somebody else went on meanwhile, and nothing was added."""


class Lines(NamedTuple):
    """Rows to be added to a state, each a line.

    Attributes
    ----------
    size
        How many there are.
    """

    part: str
    key: str
    data: bytes
    size: int = 1


class Values(NamedTuple):
    """Values that hold at all times t with since <= t < until, in microseconds, until lines are added."""

    data: bytes
    since: int
    until: int


class Compacted(NamedTuple):
    """A state that takes the place of the lines it was made of, if none was added meanwhile."""

    part: str
    key: str
    before: bytes
    after: bytes
    values: Values | None


class OnlineStore(Protocol):
    """Where states and values are kept. Threads and processes may use one at once.

    Attributes
    ----------
    near
        Whether an answer takes microseconds, so that it is not worth to wait for it in another thread.
    """

    near: bool

    def append(
        self,
        lines: Iterable[Lines],
        marks: Mapping[str, str] | None = None,
        keep: timedelta | None = None,
        expected: Expected | None = None,
    ) -> None:
        """Add lines to states and forget their values; with the marks, as a whole or not at all.

        Parameters
        ----------
        marks
            How far somebody is, such as the offset of a topic by its name: what is added with it is added once.
        keep
            How long a state is kept that nothing is added to; for ever if None. A store may keep it for longer.
        expected
            Marks that must be what they are here, or must not be there (None), for anything to be added.

        Raises
        ------
        Overtaken
            If they are not.
        OnlineStoreError
            If the store can't be used; nothing is added then.
        """

    def values(self, addresses: Sequence[Address]) -> list[Values | None]:
        """Give values in the order of their addresses; None where there are none, or lines were added since."""

    def states(self, addresses: Sequence[Address]) -> list[bytes | None]:
        """Give the lines of states in the order of their addresses."""

    def compact(self, states: Iterable[Compacted]) -> int:
        """Put states in the place of their lines, and their values beside them.

        Returns
        -------
        int
            How many; those to which lines were added meanwhile stay as they are.
        """

    def grown(self, part: str, most: int = 1000) -> list[str]:
        """Give keys of a part to which `GROWN` lines or more were added since they were compacted."""

    def parts(self) -> list[str]:
        """Name the parts of which there is anything."""

    def drop(self, part: str) -> None:
        """Forget a part, its mark, and the marks below it: those whose names begin with its own and a slash."""

    def number(self, name: str, count: int) -> int:
        """Add to a mark that is a number, from 0 on, and give what it was; nobody else gets the same."""

    def marks(self, prefix: str = "") -> dict[str, str]:
        """Give the marks whose names begin so."""

    def check(self) -> None:
        """Ask the store something.

        Raises
        ------
        OnlineStoreError
            If it does not answer.
        """

    def close(self) -> None:
        """End the connections."""
