"""Parts that pages share, in the look of reports."""

from __future__ import annotations

from collections.abc import Sequence

from ..plugins import PACKAGE
from ..reports import Block, Code, Section, Status, Text, html_of
from .page import Visit


def sections(_visit: Visit, content: Sequence[Section]) -> None:
    """Show sections as reports do; a page that needs no more has this as its `show`."""
    from nicegui import context, ui

    # Templates have escaped every text, and let figures do no more than draw.
    ui.html(html_of(content, f"part{context.client.next_element_id}-"), sanitize=False).classes("blocks")


def empty(what: str, *commands: str) -> list[Section]:
    """Say that there is nothing to show yet, and which commands of the project make it."""
    lines = "\n".join(f"uv run python -m {PACKAGE} {command}" for command in commands)
    return [Section(what, [Text("They come from:"), Code(lines)])]


def failure(message: str, hint: str) -> list[Section]:
    """Say what went wrong, and what to do next."""
    blocks: list[Block] = [Status("critical", message), *([Text(f"What to do: {hint}.")] if hint else [])]
    return [Section("This page can't be shown", blocks)]


def go(visit: Visit, path: str, **query: str | Sequence[str]) -> None:
    """Open another page; NiceGUI puts the root in front by itself."""
    from nicegui import ui

    ui.navigate.to(visit.address(path, **query).removeprefix(visit.root))
