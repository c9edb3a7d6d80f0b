"""The page on which people accept, edit and reject the rows of a dataset, with the keyboard alone if they like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import ProjectError
from ..ui import Page, Visit, draw
from .data.pairs import Pair
from .data.reviews import Decision, Reviews, row_id
from .data.store import DatasetStore, Version

if TYPE_CHECKING:
    from .data.examples import Row
    from .data.reviews import Verdict


@dataclass
class Desk:
    """What one person has before them.

    Attributes
    ----------
    versions : sequence of Version
        All datasets, of which `version` is shown.
    rows : sequence of Row
        Its rows, and under `ids` their names.
    position : int or None
        The row that is looked at; None where all are decided.
    """

    versions: Sequence[Version]
    version: Version
    rows: Sequence[Row]
    ids: Sequence[str]
    reviews: Reviews
    reviewer: str
    position: int | None = None
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def row(self) -> Row | None:
        """The row that is looked at."""
        return None if self.position is None else self.rows[self.position]

    def next(self) -> None:
        """Go to the next open row."""
        self.position = self.reviews.claim(self.version.name, self.ids, self.reviewer)
        mine = set(self.ids)
        decided = self.reviews.latest(self.version.name).values()
        self.counts = Counter(one.verdict for one in decided if one.row in mine)

    def decide(self, verdict: Verdict, question: str = "", answer: str = "") -> None:
        """Keep a decision about the row, and go to the next."""
        if self.position is not None:
            row = self.ids[self.position]
            self.reviews.decide(self.version.name, Decision(row, self.reviewer, verdict, question, answer))
            self.next()

    def back(self) -> None:
        """Take the last decision back, and go to its row."""
        self.reviews.take_back(self.version.name, self.reviewer)
        self.next()


def load(visit: Visit) -> Desk | None:
    """Read a dataset, and find the first row to decide about."""
    folder = visit.config.root / "datasets"
    store = DatasetStore(folder)
    versions = store.versions()
    if not versions:
        return None
    newest = max(versions, key=lambda one: str(one.card["created"]))
    version = store.get(visit.first("dataset") or str(newest))
    rows = [row for part in version.splits().values() for row in part]
    ids = [row_id(row) for row in rows]
    desk = Desk(versions, version, rows, ids, Reviews(folder / "reviews.db"), visit.visitor)
    desk.next()
    return desk


def show(visit: Visit, desk: Desk | None) -> None:
    """Show one row after the other."""
    if desk is None:
        draw.sections(visit, draw.empty("No datasets yet", "datasets build"))
        return
    _Review(visit, desk)


class _Review:
    """The parts of the page, and what its keys and buttons do."""

    def __init__(self, visit: Visit, desk: Desk) -> None:
        from nicegui import ui

        self.desk, self.editing = desk, False
        with ui.element("section").classes("panel"):
            with ui.element("div").classes("tools"):
                names = [str(one) for one in desk.versions]
                chosen = ui.select(names, value=str(desk.version), label="Dataset")
                chosen.on_value_change(lambda event: draw.go(visit, "/review", dataset=event.value))
                self.status = ui.label().props('role="status"')
            self.place = ui.label().classes("note")
            self.context = ui.html("", sanitize=False).classes("blocks")
            self.question = ui.textarea("Question").props("autogrow outlined").style("width: 100%")
            self.answer = ui.textarea("Answer").props("autogrow outlined").style("width: 100%; margin: 0.75rem 0")
            with ui.element("div").classes("tools"):
                self.buttons = {
                    name: ui.button(name, on_click=partial(self.do, key)).props("unelevated no-caps").style("margin: 0")
                    for key, name in _KEYS.items()
                }
            self.fault = ui.label().props('role="alert"')
            ui.label("Each letter in brackets is a key; while editing, Ctrl+Enter saves and Escape gives up.").classes(
                "note"
            )
        # Keys are heard wherever the focus is: it moves a while after what is on the page.
        ui.keyboard(on_key=self.press, repeating=False, ignore=["input"]).on("key", js_handler=_LEAVE)
        self.fill()

    def press(self, event: Any) -> None:
        """Do what a key stands for; while a text is edited, most keys belong to it."""
        key = str(event.key.name).lower()
        modified = event.modifiers.ctrl or event.modifiers.alt or event.modifiers.meta
        if not event.action.keydown:
            return
        if self.editing and key == "enter" and event.modifiers.ctrl:
            self.do("s")
        elif not modified and key in ({"escape"} if self.editing else _COMMANDS):
            self.do(key)

    def do(self, key: str) -> None:
        """Do what a key or a button stands for; what can't be done is said."""
        try:
            self._do(key)
        except ProjectError as error:
            self.fault.set_text(str(error))
            if self.editing:
                self.answer.run_method("focus")
        else:
            self.fault.set_text("")

    def _do(self, key: str) -> None:
        if self.editing:
            if key == "s":
                self.desk.decide("edit", self.question.value.strip(), self.answer.value.strip())
            elif key != "escape":
                return
        elif key in _VERDICTS:
            self.desk.decide(_VERDICTS[key])
        elif key == "u":
            self.desk.back()
        self.editing = key == "e" and not self.editing and self.desk.row is not None
        self.fill()

    def fill(self) -> None:
        """Show the row, and how far the review is."""
        row, counts = self.desk.row, self.desk.counts
        done, total = sum(counts.values()), len(self.desk.ids)
        parts = f"{counts['accept']} accepted, {counts['edit']} edited, {counts['reject']} rejected"
        self.status.set_text(f"{done} of {total} reviewed: {parts}")
        self.place.set_text(_where(row) if row else "Nothing is left to review.")
        self.context.set_content(_context(row) if row else "")
        self.question.set_value(row.question if row else "")
        self.answer.set_value(row.answer if row else "")
        for part in (self.question, self.answer):
            part.set_visibility(row is not None)
            part.props(remove="readonly") if self.editing else part.props("readonly")
        if not isinstance(row, Pair):
            self.question.props("readonly")
        for key, name in _KEYS.items():
            wanted = key in {"s", "escape"} if self.editing else key == "u" or (row is not None and key in _COMMANDS)
            self.buttons[name].set_visibility(wanted)
        if self.editing:
            self.answer.run_method("focus")


_LEAVE = """(key) => {
    const done = key.key === "Escape" || (key.key === "Enter" && key.ctrlKey);
    if (done && key.action === "keydown") document.activeElement?.blur();
}"""
"""Leaves a text at once, so that the next key is not typed into it before the service has answered."""
_KEYS = {
    "a": "Accept [A]",
    "r": "Reject [R]",
    "e": "Edit [E]",
    "u": "Take back [U]",
    "s": "Save [Ctrl+Enter]",
    "escape": "Give up [Escape]",
}
_VERDICTS: dict[str, Verdict] = {"a": "accept", "r": "reject"}
_COMMANDS = {*_VERDICTS, "e", "u"}


def _where(row: Row) -> str:
    place = row.place if isinstance(row, Pair) else ""
    return ", ".join(part for part in (row.document, place, f"made by: {row.rule}") if part)


def _context(row: Row) -> str:
    """Give the passage as HTML, with its answer marked."""
    if not isinstance(row, Pair) or not row.context:
        return ""
    before, found, after = row.context.partition(row.answer)
    marked = f"<mark>{escape(found)}</mark>" if found else ""
    return f'<p style="white-space: pre-wrap">{escape(before)}{marked}{escape(after)}</p>'


PAGE = Page("/review", "Review", load, show, order=60)
"""The page, a plugin of the group `pages`."""
