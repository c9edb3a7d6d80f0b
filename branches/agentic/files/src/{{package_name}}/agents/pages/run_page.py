"""The page of one run: its tree while it grows, what it asks people, and the way back through its events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import ProjectError
from ...ui import Page, Visit, draw
from ...ui.html import render
from .desk import Desk
from .words import detail, head, question, rows

if TYPE_CHECKING:
    from ..durability.runs import Approval

_LOOK = 1.0  # seconds between two looks for what is new
_PICK = """(event) => {
    const found = event.target.closest("[data-node]");
    if (found) emit(Number(found.dataset.node));
}"""
_REVEAL = """const side = document.querySelector(".agents .side");
if (getComputedStyle(side).position === "static") side.scrollIntoView({block: "nearest"});"""
_KEYS = {"ArrowLeft": -1, "ArrowRight": 1}


def load(visit: Visit) -> Desk:
    """Read a run."""
    return Desk.open(visit, visit.first("id"))


def show(visit: Visit, desk: Desk) -> None:
    """Show it."""
    _RunView(visit, desk)


class _RunView:
    """The parts of the page, and what its keys and buttons do."""

    def __init__(self, visit: Visit, desk: Desk) -> None:
        from nicegui import ui

        self.visit, self.desk = visit, desk
        self.asked: tuple[str, ...] = ()
        ui.add_css(render("agents.css"))
        with ui.element("div").classes("agents blocks"):
            with ui.element("section").classes("panel"):
                self.head = ui.html("", sanitize=False)
                self.fault = ui.label().props('role="alert"').classes("fault-note")
                with ui.element("div").classes("tools"):
                    self.cancel = _button("End the run", lambda: self.do(desk.cancel))
                    self.more = _button("Go on with it", lambda: self.do(desk.go_on))
            self.questions = ui.element("div")
            with ui.element("div").classes("sides"):
                with ui.element("section").classes("panel"):
                    self._scrubber()
                    self.tree = ui.html("", sanitize=False).on("click", self.pick, js_handler=_PICK)
                    with ui.element("div").classes("tools") as self.turning:
                        self.earlier = _button("Earlier rows", lambda: self.turn(-1))
                        self.place = ui.label().classes("note")
                        self.later = _button("Later rows", lambda: self.turn(1))
                with ui.element("section").classes("panel side"):
                    self.detail = ui.html("", sanitize=False)
        ui.keyboard(on_key=self.press, repeating=True, ignore=["input", "textarea"])
        self.timer = ui.timer(_LOOK, self.look)
        self.fill()

    def _scrubber(self) -> None:
        from nicegui import ui

        with ui.element("div").classes("scrub"):
            self.slider = ui.element("input").props('type=range aria-label="Event"')
            self.slider.on("input", self.slide, throttle=0.1, js_handler="(e) => emit(Number(e.target.value))")
            self.where = ui.label().classes("where").props('role="status"')
            self.forking = _button("Fork from here", self.fork)

    async def look(self) -> None:
        """Read what is new, and show it."""
        try:
            changed = await asyncio.to_thread(self.desk.refresh)
        except ProjectError as error:
            self.fault.set_text(str(error))
            return
        if changed:
            self.fill()
        if not self.desk.live:
            self.timer.deactivate()

    async def do(self, what: Callable[[], None]) -> None:
        """Do what a button stands for; what can't be done is said."""
        try:
            await asyncio.to_thread(what)
        except ProjectError as error:
            self.fault.set_text(str(error))
        else:
            self.fault.set_text("")
        self.timer.activate()
        await self.look()
        self.fill()

    async def fork(self) -> None:
        """Make a new run that goes on from here, and open it."""
        try:
            made = await asyncio.to_thread(self.desk.fork)
        except ProjectError as error:
            self.fault.set_text(str(error))
        else:
            draw.go(self.visit, "/agents/run", id=made)

    def pick(self, event: Any) -> None:
        """Look closely at a row, and bring it into sight where it is not beside the tree."""
        from nicegui import ui

        self.desk.chosen = int(event.args)
        self.fill()
        ui.run_javascript(_REVEAL)

    def slide(self, event: Any) -> None:
        """Go to the event at which the slider stands."""
        self.desk.go(int(event.args))
        self.fill()

    def press(self, event: Any) -> None:
        """Step through the events by the keys with arrows, Home and End."""
        name, modified = str(event.key), event.modifiers.ctrl or event.modifiers.alt or event.modifiers.meta
        if not event.action.keydown or modified:
            return
        ends = {"Home": 1, "End": self.desk.outline.last}
        if name in _KEYS:
            self.desk.go(self.desk.at + _KEYS[name])
        elif name in ends:
            self.desk.go(ends[name])
        else:
            return
        self.fill()

    def turn(self, pages: int) -> None:
        """Show other rows."""
        self.desk.turn(self.desk.page + pages)
        self.fill()

    def fill(self) -> None:
        """Show how the run stands."""
        desk = self.desk
        self.head.set_content(render("agents_head.html", visit=self.visit, **head(desk)))
        self.tree.set_content(render("agents_tree.html", rows=rows(desk), chosen=desk.chosen))
        last = desk.outline.last
        self.slider.props(f"min=1 max={max(last, 1)} value={max(desk.at, 1)}")
        self.where.set_text(f"event {desk.at:,} of {last:,}")
        self.place.set_text(f"page {desk.page + 1:,} of {desk.pages:,}")
        self.turning.set_visibility(desk.pages > 1)
        self.earlier.set_enabled(desk.page > 0)
        self.later.set_enabled(desk.page < desk.pages - 1)
        self.cancel.set_visibility(desk.live and self.visit.may("predict"))
        self.more.set_visibility(desk.may_go_on and self.visit.may("predict"))
        self.forking.set_visibility(last > 0 and desk.run.resumable and self.visit.may("predict"))
        self._fill_detail()
        self._fill_questions()

    def _fill_detail(self) -> None:
        closely = self.desk.closely()
        if closely:
            self.detail.set_content(render("agents_detail.html", **detail(*closely)))
        else:
            self.detail.set_content("<p>Choose a row to see all of it. The keys ← and → step through the run.</p>")

    def _fill_questions(self) -> None:
        """Show what is asked; what somebody is writing an answer to is not drawn again."""
        asked = tuple(one.request.key for one in self.desk.approvals)
        if asked == self.asked:
            return
        self.asked = asked
        self.questions.clear()
        with self.questions:
            for approval in self.desk.approvals:
                self._question(approval)

    def _question(self, approval: Approval) -> None:
        from nicegui import ui

        with ui.element("section").classes("panel question").props('aria-label="Approval"'):
            ui.html(render("agents_question.html", **question(approval)), sanitize=False)
            if not self.visit.may("admin"):
                ui.label("An administrator decides about it.").classes("note")
                return
            with ui.element("div").classes("tools"):
                reason = ui.input("Reason (the agent is told)").props("maxlength=2000")
                for name, approved in (("Approve", True), ("Refuse", False)):
                    _button(name, self._answer(approval, reason, approved=approved))

    def _answer(self, approval: Approval, reason: Any, *, approved: bool) -> Callable[[], Any]:
        return lambda: self.do(lambda: self.desk.decide(approval, reason.value, approved=approved))


def _button(name: str, click: Callable[[], Any]) -> Any:
    from nicegui import ui

    return ui.button(name, on_click=click).props("outline no-caps")


PAGE = Page("/agents/run", "One run", load, show)
"""The page, a plugin of the group `pages`."""
