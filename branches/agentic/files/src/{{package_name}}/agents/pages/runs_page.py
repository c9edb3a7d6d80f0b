"""The page that lists runs, those that wait for a person first of all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import ProjectError
from ...ui import Page, Visit, draw
from ...ui.html import render
from ..durability.opening import open_durability
from ..opening import project_of
from ..tasks import Status
from .words import listed

if TYPE_CHECKING:
    from ..durability.runs import Summary
    from ..durability.store import RunStore

_PAGE = 25
_DIGITS = 9  # of a page's number: no database counts as far as some that can be written
_LOOK = 2.0  # seconds between two looks for what has changed


@dataclass(frozen=True, slots=True)
class Choice:
    """Which runs are shown.

    Attributes
    ----------
    page
        Which of the pages, from 0.
    """

    status: str = ""
    words: str = ""
    page: int = 0

    @classmethod
    def of(cls, visit: Visit) -> Choice:
        """Read it from the address of the page."""
        page, status = visit.first("page"), visit.first("status")
        known = status if status in {one.value for one in Status} else ""
        numbered = page.isascii() and page.isdigit() and len(page) <= _DIGITS
        return cls(known, visit.first("words"), int(page) if numbered else 0)

    def query(self) -> dict[str, str]:
        """Write it for the address of the page."""
        known = {"status": self.status, "words": self.words, "page": str(self.page or "")}
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of one page.

    Attributes
    ----------
    runs
        One more than fits on the page where more follow.
    """

    store: RunStore
    choice: Choice
    runs: Sequence[Summary]


def load(visit: Visit) -> Runs:
    """Read the runs: a visitor's own, or an administrator's all."""
    store, choice = open_durability(project_of(visit.config)).store, Choice.of(visit)
    return Runs(store, choice, _read(visit, store, choice))


def _read(visit: Visit, store: RunStore, choice: Choice) -> list[Summary]:
    return store.summaries(
        most=_PAGE + 1,
        skip=choice.page * _PAGE,
        user="" if visit.may("admin") else visit.visitor,
        words=choice.words,
        statuses=[Status(choice.status)] if choice.status else (),
    )


def show(visit: Visit, found: Runs) -> None:
    """Show the list, which follows what happens."""
    from nicegui import ui

    choice = found.choice
    if not found.runs and choice == Choice():
        draw.sections(visit, draw.empty("No runs yet", 'agents run "Profile the dataset breast-cancer"'))
        return
    ui.add_css(render("agents.css"))
    with ui.element("div").classes("agents blocks"), ui.element("section").classes("panel"):
        with ui.element("div").classes("tools"):
            states = {"": "all", **{one.value: one.value for one in Status}}
            chosen = ui.select(states, value=choice.status, label="Status")
            chosen.on_value_change(lambda event: _go(visit, Choice(event.value, choice.words)))
            words = ui.input("Words of the task, or id", value=choice.words)
            words.on("keydown.enter", lambda: _go(visit, Choice(choice.status, words.value)))
        table = ui.html(_table(visit, found.runs), sanitize=False)
        fault = ui.label().props('role="alert"').classes("fault-note")
        _turning(visit, found)

    async def look() -> None:
        try:
            runs = await asyncio.to_thread(_read, visit, found.store, choice)
        except ProjectError as error:
            fault.set_text(error.message)
            return
        fault.set_text("")
        table.set_content(_table(visit, runs))

    ui.timer(_LOOK, look)


def _turning(visit: Visit, found: Runs) -> None:
    from nicegui import ui

    choice = found.choice
    with ui.element("div").classes("tools"):
        for name, page, there in (
            ("Newer", choice.page - 1, choice.page > 0),
            ("Older", choice.page + 1, len(found.runs) > _PAGE),
        ):
            if there:
                target = Choice(choice.status, choice.words, page)
                ui.button(name, on_click=lambda target=target: _go(visit, target)).props("outline no-caps")


def _table(visit: Visit, runs: Sequence[Summary]) -> str:
    return render("agents_runs.html", visit=visit, runs=[listed(one) for one in runs[:_PAGE]])


def _go(visit: Visit, choice: Choice) -> None:
    draw.go(visit, "/agents", **choice.query())


PAGE = Page("/agents", "Agents", load, show, order=30)
"""The page, a plugin of the group `pages`."""
