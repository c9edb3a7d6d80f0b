"""A report and its file."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from .blocks import Section, paragraphs, shown
from .errors import ReportError
from .figures import inline
from .theme import DARK, LIGHT, variables

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from .blocks import Figure


@dataclass(frozen=True, slots=True)
class Report:
    """One page with everything in it: no file beside it, nothing from the network, and no script but that of a search.

    Attributes
    ----------
    summary
        What the reader should know first.
    created
        Given a time, the same report is the same file.
    search
        Name of a field above the sections: only rows and details with the words in it are shown. None if empty.

    Examples
    --------
    >>> from .blocks import Facts, Text
    >>> section = Section("Data", [Text("Rows were read."), Facts({"rows": 120})])
    >>> "<h1>Quality</h1>" in Report("Quality", "All is well.", [section]).html()
    True
    """

    title: str
    summary: str
    sections: Sequence[Section]
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    search: str = ""

    def html(self) -> str:
        """Write the page.

        Raises
        ------
        ReportError
            If a figure is no SVG that only draws.
        """
        colours = {"light": variables(LIGHT), "dark": variables(DARK)}
        digest = _search_digest() if self.search else ""
        return _render("report.html", self.sections, "", report=self, digest=digest, **colours)

    def write(self, path: Path) -> Path:
        """Write the file whole or not at all, and make its folder.

        Returns
        -------
        Path
            The same path.

        Raises
        ------
        ReportError
            If a figure is no SVG that only draws, or the file can't be written.
        """
        text = self.html()
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.write_text(text, encoding="utf-8", newline="\n")
                os.replace(part, path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            message = f"the report {path} can't be written: {error.strerror}"
            raise ReportError(message, hint="is there room on the disk, and may this user write there?") from error
        return path


def html_of(sections: Sequence[Section], prefix: str) -> str:
    """Write sections as a part of another page, which has the colours of `theme` and the styles of `blocks_css`.

    Parameters
    ----------
    prefix
        What the ids of this part begin with.
    """
    return _render("sections.html", sections, prefix)


def blocks_css() -> str:
    """Read the styles of sections and blocks, which hold inside an element of the class `blocks`."""
    return _render("blocks.css", (), "")


def _search_digest() -> str:
    """Give the digest by which a page allows the script of a search, and no other."""
    return base64.b64encode(hashlib.sha256(_render("search.js", (), "").encode()).digest()).decode()


def _render(template: str, sections: Sequence[Section], prefix: str, **values: object) -> str:
    numbers = count(1)

    def draw(figure: Figure) -> Markup:
        return inline(figure, f"{prefix}figure{next(numbers)}-")

    found = _environment().get_template(template)
    return found.render(sections=sections, prefix=prefix, draw=draw, **values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(loader=PackageLoader(__name__.rpartition(".")[0]), autoescape=True, undefined=StrictUndefined)
    found.trim_blocks = found.lstrip_blocks = True
    found.filters |= {"shown": shown, "kind": lambda value: type(value).__name__, "paragraphs": paragraphs}
    return found
