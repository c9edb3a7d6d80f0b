"""What a page is: a plugin of the group `pages`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlencode

if TYPE_CHECKING:
    from ..config import Config

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that somebody has asked for.

    Attributes
    ----------
    root
        What the addresses of all pages begin with.
    query
        What the address has behind its question mark.
    visitor
        The name of who asks.
    logged_in
        Whether there is a session that can be ended.
    scopes
        What who asks may do, as in the API.
    """

    config: Config
    root: str
    query: Mapping[str, Sequence[str]]
    visitor: str
    logged_in: bool = False
    scopes: frozenset[str] = frozenset()

    def may(self, scope: str) -> bool:
        """Whether who asks was given a scope."""
        return scope in self.scopes or "admin" in self.scopes

    def first(self, name: str) -> str:
        """Give the first value of the query under a name, or an empty text."""
        return next(iter(self.query.get(name, ())), "")

    def address(self, path: str, **query: str | Sequence[str]) -> str:
        """Write the address of a page.

        Examples
        --------
        >>> Visit(None, "/ui", {}, "me").address("/compare", run=["a", "b"])
        '/ui/compare?run=a&run=b'
        """
        return f"{self.root}{path}?{urlencode(query, doseq=True)}" if query else f"{self.root}{path}"


@dataclass(frozen=True, slots=True)
class Page(Generic[Content]):
    """A page.

    Attributes
    ----------
    path
        Below /ui, such as `/runs`.
    load
        Reads what the page shows, in a thread. A `ProjectError` is shown with its hint.
    show
        Draws it, with NiceGUI or with `draw.sections`.
    order
        Its place in the menu; None keeps it out.
    """

    path: str
    title: str
    load: Callable[[Visit], Content]
    show: Callable[[Visit, Content], None]
    order: int | None = None
