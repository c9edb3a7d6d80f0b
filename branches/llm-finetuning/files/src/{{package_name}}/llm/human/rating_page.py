"""The page on which people compare answers side by side, blind, with the keyboard alone if they like."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from html import escape
from typing import Any

from ...errors import ProjectError
from ...ui import Page, Visit, draw
from .desk import Desk
from .store import FILE, HumanStore
from .tasks import Item

_LOCAL = "local"  # who asks on this machine without a key
_LONGEST_NAME = 40
_SIDES = ("Left", "Right")


def load(visit: Visit) -> Desk | None:
    """Read a task, and find the first pair to rate."""
    store = HumanStore(visit.config.root / FILE)
    names = store.names()
    if not names:
        return None
    task = store.task(visit.first("task") or names[0])
    given = " ".join(visit.first("name").split())[:_LONGEST_NAME]
    annotator = visit.visitor if visit.visitor != _LOCAL else given
    items = task.order(annotator, [one for one in store.items(task.name) if not one.same])
    desk = Desk(names, task, items, store, annotator)
    if annotator:
        desk.next()
    return desk


def show(visit: Visit, desk: Desk | None) -> None:
    """Show one pair after the other."""
    if desk is None:
        draw.sections(visit, draw.empty("Nothing to compare yet", "llm evaluate human create A B"))
    elif not desk.annotator:
        _ask_name(visit, desk)
    else:
        _Rate(visit, desk)


def _ask_name(visit: Visit, desk: Desk) -> None:
    """Find out who rates: on this machine nobody logs in."""
    from nicegui import ui

    with ui.element("section").classes("panel"), ui.element("div").classes("tools"):
        name = ui.input("Your name").props(f"outlined maxlength={_LONGEST_NAME} autofocus")

        def begin() -> None:
            if name.value.strip():
                draw.go(visit, "/human", task=desk.task.name, name=name.value.strip())

        name.on("keydown.enter", begin)
        _button("Begin", begin)


class _Rate:
    """The parts of the page, and what its keys and buttons do."""

    def __init__(self, visit: Visit, desk: Desk) -> None:
        from nicegui import ui

        self.desk = desk
        self.busy = False
        self.current: tuple[str, int] | None = None
        self.scales: dict[tuple[str, int], list[Any]] = {}
        self.names: dict[tuple[str, int], Any] = {}
        with ui.element("section").classes("panel"):
            with ui.element("div").classes("tools"):
                chosen = ui.select(list(desk.names), value=desk.task.name, label="Task")
                name = {"name": desk.annotator} if visit.visitor == _LOCAL else {}
                chosen.on_value_change(lambda event: draw.go(visit, "/human", task=event.value, **name))
                self.status = ui.label().props('role="status"')
            self.question = ui.html("", sanitize=False).classes("blocks")
            self.form = ui.element("div")
            with self.form:
                self._sides()
                self._choice()
                self.comment = ui.textarea("Comment [C]").props("autogrow outlined").style("margin: 0.75rem 0")
            with ui.element("div").classes("tools"):
                self.saving = _button("Save [S]", partial(self.do, "s"))
                self.back = _button("Back [B]", partial(self.do, "b"))
            self.fault = ui.label().props('role="alert"')
            ui.label(_HELP).classes("note")
        self.comment.on("keydown.ctrl.enter", partial(self.do, "s"), js_handler=_LEAVE)
        self.comment.on("keydown.escape", js_handler="(event) => event.target.blur()")
        keys = ui.keyboard(on_key=self.press, repeating=False, ignore=["input", "select", "textarea"])
        keys.on("key", js_handler=_COMMENT % self.comment.id)
        self.fill()

    def _sides(self) -> None:
        from nicegui import ui

        columns = "display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr))"
        self.answers = []
        with ui.element("div").style(columns):
            for side, title in enumerate(_SIDES):
                with ui.element("div").style("border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem"):
                    ui.label(title).props('role="heading" aria-level="2"').style("font-weight: 600")
                    self.answers.append(ui.html("", sanitize=False).classes("blocks"))
                    for scale in self.desk.task.scales:
                        self._scale(scale, side)

    def _scale(self, scale: str, side: int) -> None:
        from nicegui import ui

        title = scale.capitalize()
        with ui.element("div").style(_ROW):
            name = ui.label(title).style("min-width: 7rem; padding: 0 0.25rem")
            if self.desk.task.scales[scale]:
                name.tooltip(self.desk.task.scales[scale])
            self.names[scale, side] = name
            self.scales[scale, side] = []
            for points in range(1, self.desk.task.points + 1):
                button = _button(str(points), partial(self.give, (scale, side), points)).props("dense")
                button.props["aria-label"] = f"{title} {_SIDES[side].lower()} {points}"
                self.scales[scale, side].append(button)

    def _choice(self) -> None:
        from nicegui import ui

        with ui.element("div").style("display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0.75rem 0"):
            self.verdicts = {side: _button(text, partial(self.do, key)) for key, (side, text) in _VERDICTS.items()}

    async def press(self, event: Any) -> None:
        """Do what a key stands for; keys that are typed into a text are not heard here."""
        modified = event.modifiers.ctrl or event.modifiers.alt or event.modifiers.meta
        if event.action.keydown and not modified:
            await self.do(event.key.name)

    async def do(self, key: str) -> None:
        """Do what a key or a button stands for; what can't be done is said, and what was chosen stays."""
        if self.busy:
            return
        self.fault.set_text("")
        self.desk.comment = self.comment.value or ""
        self.busy = True
        try:
            await self._do(key.lower())
        except ProjectError as error:
            self.fault.set_text(str(error))
        finally:
            self.busy = False

    async def _do(self, key: str) -> None:
        if key == "b":
            if self.desk.back():
                self.fill()
        elif self.desk.item is None:
            return
        elif key in _VERDICTS:
            self.desk.verdict = _VERDICTS[key][0]
            self.mark()
        elif key.isdecimal() and self.current and 1 <= int(key) <= self.desk.task.points:
            self._give(self.current, int(key))
        elif key in _STEPS:
            fields = list(self.scales)
            if self.current in self.scales:
                place = fields.index(self.current) + _STEPS[key]
                self.current = fields[place % len(fields)]
            self.mark()
        elif key == "s":
            await self._save()

    def give(self, where: tuple[str, int], points: int) -> None:
        """Give an answer points, unless something is being saved."""
        if not self.busy:
            self._give(where, points)

    def _give(self, where: tuple[str, int], points: int) -> None:
        """Give an answer points, and go to the next scale."""
        self.desk.points[where] = points
        fields = list(self.scales)
        self.current = self.desk.missing or fields[(fields.index(where) + 1) % len(fields)]
        self.mark()

    async def _save(self) -> None:
        if self.desk.missing:
            scale, side = self.desk.missing
            self.fault.set_text(f"rate the {_SIDES[side].lower()} answer by {scale}")
            self.current = self.desk.missing
            self.mark()
        elif not self.desk.verdict:
            self.fault.set_text("say which answer is better, or that they tie")
        else:
            await asyncio.to_thread(self.desk.save)  # may wait for another program that writes
            self.fill()

    def fill(self) -> None:
        """Show the pair, and how far this person is."""
        desk = self.desk
        self.question.set_content(_question(desk.item, expected=desk.task.show_expected))
        for shown, text in zip(self.answers, desk.answers, strict=True):
            shown.set_content(f'<p style="white-space: pre-wrap">{escape(text) or "<em>(empty)</em>"}</p>')
        self.form.set_visibility(desk.item is not None)
        self.saving.set_visibility(desk.item is not None)
        self.back.set_visibility(bool(desk.rated))
        self.comment.set_value(desk.comment)
        self.current = desk.missing or next(iter(self.scales), None)
        changing = ", changing an earlier one" if desk.item and desk.item.id in desk.rated else ""
        self.status.set_text(f"{desk.annotator}: {len(desk.rated)} of {desk.total} rated{changing}")
        self.mark()

    def mark(self) -> None:
        """Show what is chosen, and which scale the next digit is for."""
        for side, button in self.verdicts.items():
            _press(button, chosen=side == self.desk.verdict)
        for where, buttons in self.scales.items():
            for points, button in enumerate(buttons, 1):
                _press(button, chosen=self.desk.points.get(where) == points)
            line = "2px solid var(--accent)" if where == self.current else "2px solid transparent"
            self.names[where].style(f"border-left: {line}")


# The browser moves the focus itself, at once: a key that is pressed before the service has answered would be taken for
# a command in place of the first letter of a comment, or the other way round.
_LEAVE = "(event) => { event.target.blur(); emit(event); }"
_COMMENT = """(key) => {
    if (key.action !== "keydown" || key.key.toLowerCase() !== "c" || key.ctrlKey || key.altKey || key.metaKey) return;
    key.event.preventDefault();
    runMethod(%d, "focus", []);
}"""
_VERDICTS = {
    "l": ("left", "Left is better [L]"),
    "t": ("tie", "They tie [T]"),
    "r": ("right", "Right is better [R]"),
}
_ROW = "display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem; margin-top: 0.5rem"
_STEPS = {"j": 1, "k": -1}
_HELP = (
    "Each letter in brackets is a key. Digits rate by the scale that is marked, J and K go to the next and to the one "
    "before. In a comment, Ctrl+Enter saves and Escape leaves it."
)


def _button(text: str, action: Callable[[], Awaitable[None] | None]) -> Any:
    from nicegui import ui

    made = ui.button(text, on_click=action, color=None).props("unelevated no-caps")
    return made.style("margin: 0; min-width: 2.25rem; border: 1px solid var(--accent); color: var(--accent)")


def _press(button: Any, *, chosen: bool) -> None:
    """Show a button as chosen or not, to the eye and to readers of the screen."""
    button.props(f'aria-pressed="{str(chosen).lower()}"')
    text, ground = ("surface", "accent") if chosen else ("accent", "surface")
    button.style(f"color: var(--{text}); background: var(--{ground})")


def _question(item: Item | None, *, expected: bool) -> str:
    """Give what was asked as HTML."""
    if item is None:
        return "<p>Nothing is left to rate. Thank you!</p>"
    parts = [("Context", item.context), ("Question", item.question)]
    parts += [("Expected", item.expected)] if expected else []
    shown = [(name, escape(text)) for name, text in parts if text]
    return "".join(f'<p style="white-space: pre-wrap"><strong>{name}</strong><br>{text}</p>' for name, text in shown)


PAGE = Page("/human", "Compare answers", load, show, order=61)
"""The page, a plugin of the group `pages`."""
