"""What one visitor has before them: a run, where in it they stand, and what they may do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import ProjectError
from ..durability.errors import UnknownRunError
from ..durability.history import fork, history
from ..durability.opening import open_durability
from ..jobs.service import open_service
from ..observability.outline import Node, Outline
from ..opening import project_of
from ..session import Decision
from ..tasks import Status

if TYPE_CHECKING:
    from ...ui import Visit
    from ..durability.opening import Durability
    from ..durability.runs import Approval, Summary
    from ..events import Event
    from ..jobs.service import AgentService

PAGE = 100
"""Rows that are shown at once."""
_CHUNK = 1_000


class Forbidden(ProjectError):
    """Who asks may not do that."""


@dataclass
class Desk:
    """A run that somebody looks at.

    Attributes
    ----------
    position
        The event at which the run is looked at; None follows it to its end.
    page
        Which rows are shown, from 0.
    chosen
        The number of the first event of what is looked at closely.
    """

    visit: Visit
    kept: Durability
    service: AgentService
    run: Summary
    approvals: Sequence[Approval] = ()
    outline: Outline = field(default_factory=Outline)
    position: int | None = None
    page: int = 0
    chosen: int | None = None

    @classmethod
    def open(cls, visit: Visit, task_id: str) -> Desk:
        """Read a run.

        Raises
        ------
        UnknownRunError
            If there is none, or it is another's: only an administrator sees those of others.
        """
        project = project_of(visit.config)
        kept = open_durability(project)
        run = kept.store.summary(task_id)
        if not visit.may("admin") and run.user != visit.visitor:
            raise UnknownRunError(f"there is no run {task_id!r}", hint="the page Agents lists yours")
        desk = cls(visit, kept, open_service(project), run)
        desk.refresh()
        if desk.live:
            desk.page = desk.pages - 1
        return desk

    def refresh(self) -> bool:
        """Read what is new, and tell whether there is something."""
        before = (self.run, self.approvals, self.outline.last)
        self.run = self.kept.store.summary(self.run.task_id)  # once it says that it is over, all events are there
        self.approvals = self.kept.store.approvals(self.run.task_id)
        follows = self.position is None and self.page == self.pages - 1
        while events := self.kept.store.events(self.run.task_id, self.outline.last, _CHUNK):
            for event in events:
                self.outline(event)
        if follows and self.live:
            self.page = self.pages - 1
        return before != (self.run, self.approvals, self.outline.last)

    @property
    def live(self) -> bool:
        """Whether it may still change by itself."""
        return not self.run.status.ended

    @property
    def at(self) -> int:
        """The number of the event at which it is looked at."""
        return self.outline.last if self.position is None else self.position

    @property
    def pages(self) -> int:
        """How many pages of rows there are."""
        return max((len(self.outline.rows(self.at)) - 1) // PAGE + 1, 1)

    def rows(self) -> list[Node]:
        """Give the rows of the page that is shown."""
        return self.outline.rows(self.at)[self.page * PAGE : (self.page + 1) * PAGE]

    def turn(self, page: int) -> None:
        """Show another page of rows."""
        self.page = min(max(page, 0), self.pages - 1)

    def go(self, position: int) -> None:
        """Look at the run as it was at an event, and at what that event is about."""
        position = min(max(position, 1), max(self.outline.last, 1))
        self.position = position if position < self.outline.last else None
        node = self.outline.node(position)
        if node:
            self.chosen = node.first
            rows = [one.first for one in self.outline.rows(self.at)]
            self.page = rows.index(node.first) // PAGE

    def closely(self) -> tuple[Node, list[Event]] | None:
        """Give what is looked at closely, with the events with which it began and, if it has, ended."""
        node = None if self.chosen is None else self.outline.node(self.chosen)
        if node is None:
            return None
        numbers = [node.first, *([node.last] if node.over(self.at) else [])]
        found = [self.kept.store.event(self.run.task_id, number) for number in numbers]
        return node, [one for one in found if one is not None]

    def decide(self, approval: Approval, reason: str, *, approved: bool) -> None:
        """Answer a question; the first answer holds, and the run goes on.

        Raises
        ------
        Forbidden
            If who asks is no administrator.
        ConflictError
            If somebody else has answered, or its time is over.
        """
        self._need("admin")
        self.service.decide(approval, Decision(approved=approved, by=self.visit.visitor, reason=reason.strip()))

    def cancel(self) -> None:
        """End the run."""
        self._need("predict")
        self.service.cancel(self.run.task_id, self.visit.visitor)

    def go_on(self) -> None:
        """Let a worker go on with the run."""
        self._need("predict")
        self.service.go_on(self.run.task_id)

    @property
    def may_go_on(self) -> bool:
        """Whether the run stands still, and could go on."""
        answered = self.run.status is Status.WAITING and not self.approvals
        return self.run.resumable and (answered or self.run.status is Status.FAILED)

    def fork(self) -> str:
        """Make a new run of the state that was kept last before the event, let it go on, and give its id.

        Raises
        ------
        DurabilityError
            If no state was kept by then.
        """
        self._need("predict")
        event = self.kept.store.event(self.run.task_id, self.at)
        states = history(self.kept, self.run.task_id)
        before = [one for one in states if event is None or one.time <= event.time]
        state = (before or states[-1:])[:1]
        made = fork(self.kept, self.run.task_id, checkpoint=state[0].checkpoint if state else "")
        self.service.go_on(made.task_id)
        return made.task_id

    def _need(self, scope: str) -> None:
        if not self.visit.may(scope):
            raise Forbidden(f"{self.visit.visitor} lacks the scope {scope!r}", hint="ask an administrator")
