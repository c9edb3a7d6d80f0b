"""What a report is made of. Every text in it is shown as it is: nothing becomes HTML."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeAlias

from .errors import ReportError

Level = Literal["good", "info", "warning", "critical"]

MISSING = "—"

_ADDRESS = re.compile(r"https?://|[/.#]")


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs, with an empty line between them."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Commands, or other text whose lines and spaces matter."""

    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """How something stands, as a mark and in words; also a value in `Facts` and a cell in a `Table`."""

    level: Level
    text: str

    @property
    def mark(self) -> str:
        """The sign before the text, since not everyone sees its colour."""
        return {"good": "✓", "info": "i", "warning": "!", "critical": "✕"}[self.level]


@dataclass(frozen=True, slots=True)
class Link:
    """A way to another page or file, as a value in `Facts` or a cell in a `Table`.

    Raises
    ------
    ReportError
        If the address would run a script.
    """

    text: str
    address: str

    def __post_init__(self) -> None:
        if not _ADDRESS.match(self.address):
            message = f"the link {self.text!r} has the address {self.address!r}, which is none of a page"
            raise ReportError(message, hint="begin with https://, http://, /, . or #")


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. The first column names what a row is about; columns of numbers are set flush right.

    Raises
    ------
    ReportError
        If a row has not one cell for each column.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                message = f"row {number} of the table {self.caption!r} has {len(row)} of {len(self.columns)} cells"
                raise ReportError(message, hint="give None for a cell without a value")

    def numeric(self, index: int) -> bool:
        """Say whether a column, not the first, holds numbers and gaps only."""
        values = [row[index] for row in self.rows if row[index] is not None]
        numbers = [isinstance(one, int | float) and not isinstance(one, bool) for one in values]
        return index > 0 and bool(numbers) and all(numbers)


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture.

    Attributes
    ----------
    svg
        An SVG document, such as `figure_svg` gives.
    alt
        What the picture shows, for those who do not see it.
    wide
        Keeps its size, so that its words can be read on a phone: what is beyond the page is scrolled to.
    """

    svg: str
    caption: str
    alt: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Details:
    """Blocks that are folded under a line, until somebody asks for them.

    Attributes
    ----------
    note
        What the line says beside the title.
    """

    title: str
    note: str
    blocks: Sequence[Block]


Block: TypeAlias = Text | Code | Facts | Table | Figure | Status | Details


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading."""

    title: str
    blocks: Sequence[Block]


def paragraphs(text: str) -> list[str]:
    """Divide a text where lines are empty."""
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def shown(value: object) -> str:
    """Write a value for people.

    Examples
    --------
    >>> [shown(value) for value in (None, True, 1234, 0.123456, "text")]
    ['—', 'yes', '1234', '0.1235', 'text']
    >>> shown(datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
    '2026-03-01 12:30 UTC'
    """
    match value:
        case None | "":
            return MISSING
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case date():
            return value.isoformat()
        case float():
            return f"{value:.4g}" if math.isfinite(value) else "not a number" if math.isnan(value) else f"{value:+}"
        case _:
            return str(value)
