"""What a pattern works with: it gives agents the floor, alone or side by side, and passes on what they say.

Turns are numbered, and kept under the number: a run that goes on after a crash is gone through again, and those turns
that had ended give what they gave.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from ..events import Feed
from ..jsonable import as_text, clip
from ..running import run
from ..tasks import Status, Step, TaskResult, TaskSpec
from .channels import Message, shown
from .members import as_turn

if TYPE_CHECKING:
    from ..base import Agent
    from ..events import Kind
    from ..session import Memory, Remembered, Session
    from .channels import Channel

_LONGEST_NAME = 200


class Ended(Exception):
    """The work of a group came to an end before it was done."""

    def __init__(self, status: Status, reason: str, output: JsonValue = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.output = output


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent is asked in one turn.

    Attributes
    ----------
    inputs
        What it is about, beside what it has heard; the task's inputs by default.
    schema
        JSON Schema of its answer; text if there is none.
    """

    agent: Agent
    goal: str
    inputs: Mapping[str, JsonValue] | None = None
    schema: dict[str, Any] | None = None


@dataclass(slots=True)
class Floor:
    """The floor of one run of a group.

    Attributes
    ----------
    steps
        All that was done and said, in the order of the turns.
    turns
        How many were given.
    """

    session: Session
    channel: Channel
    steps: list[Step] = field(default_factory=list)
    turns: int = 0

    @property
    def task(self) -> TaskSpec:
        """What the group is asked."""
        return self.session.task

    def ask(self, question: Question) -> TaskResult:
        """Give an agent the floor, and wait for what it answers.

        Raises
        ------
        Ended
            If the run was cancelled, a limit that all share is reached, or a person has to decide first.
        """
        return self.ask_all([question])[0]

    def ask_all(
        self, questions: Sequence[Question], *, seconds: float | None = None, at_once: int | None = None
    ) -> list[TaskResult]:
        """Ask agents side by side, and give what each answered; nobody hears what another says meanwhile.

        Parameters
        ----------
        seconds
            Time for all of them together; who is late is cancelled.
        at_once
            Most agents that are at work at the same time.

        Raises
        ------
        Ended
            If the run was cancelled, a limit that all share is reached, or a person has to decide first.
        """
        self.check()
        sessions = [self._below(question, self.turns + i) for i, question in enumerate(questions, start=1)]
        self.turns += len(questions)
        pool = ThreadPoolExecutor(min(at_once or len(questions), len(questions)), thread_name_prefix="turns")
        try:
            asked = zip(questions, sessions, strict=True)
            running = [pool.submit(copy_context().run, run, one.agent, below) for one, below in asked]
            ended = wait(running, timeout=seconds).done
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        results = []
        for question, below, future in zip(questions, sessions, running, strict=True):
            if future in ended:
                results.append(future.result())
            else:
                below.cancel()
                late = f"{question.agent.name} gave nothing within {seconds:g} s"
                results.append(TaskResult(task_id=below.task.task_id, status=Status.CANCELLED, reason=late))
        self.steps += [step for result in results for step in result.steps]
        waiting = next((one for one in results if one.status is Status.WAITING), None)
        if waiting:
            raise Ended(Status.WAITING, waiting.reason)
        self.check(results)
        return results

    def say(
        self, sender: str, content: JsonValue, *, to: Collection[str] = (), topic: str = "", tainted: bool = False
    ) -> None:
        """Pass on what an agent says."""
        content = clip(content, self.session.config.tools.max_output)[0]
        number = len(self.channel.messages) + 1
        self.channel.post(
            Message(number=number, sender=sender, to=tuple(to), topic=topic, content=content, tainted=tainted)
        )
        name = ", ".join(to) or topic or "all"
        self.note("message", sender, name, content, tainted=tainted)
        self.session.emit("message", sender, to=name, topic=topic, text=as_text(content), tainted=tainted)

    def note(self, kind: str, agent: str, name: str, output: JsonValue, *, tainted: bool = False) -> None:
        """Keep a step that is neither a model's nor a tool's."""
        now, name = datetime.now(UTC), name[:_LONGEST_NAME]
        self.steps.append(
            Step(number=0, agent=agent, kind=kind, name=name, started=now, output=output, tainted=tainted)
        )

    def check(self, results: Sequence[TaskResult] = ()) -> None:
        """End the run where a person, the gate, or a limit that all share says so.

        Raises
        ------
        Ended
            With what the agents gave last.
        """
        gave: list[JsonValue] = [one.output for one in results if one.output is not None]
        if self.session.stop.is_set():
            raise Ended(Status.CANCELLED, "it was cancelled", gave or None)
        refused = self.session.refusal()
        if refused:
            raise Ended(Status.CANCELLED if self.turns else Status.REFUSED, refused, gave or None)
        all_done = bool(results) and all(one.status is Status.DONE for one in results)
        spent = "" if all_done else self.session.meter.spent()
        if spent:
            raise Ended(Status.PARTIAL, spent, gave or None)

    def _below(self, question: Question, number: int) -> Session:
        """Make the session of a turn: it hears what reaches it, and shares limits, gate, journal and checkpoints."""
        session, agent = self.session, question.agent
        heard = self.channel.heard(agent.name)
        inputs: dict[str, JsonValue] = dict(session.task.inputs if question.inputs is None else question.inputs)
        if heard:
            inputs["messages"] = [shown(one, session.enclose) for one in heard]
        task = TaskSpec(
            goal=question.goal,
            inputs=inputs,
            answer_schema=question.schema,
            limits=session.task.limits,
            grants=session.task.grants,
            user=session.task.user,
        )
        stop = Stop(session.stop)
        return replace(
            session,
            task=as_turn(task, session.task.task_id, agent.name, number),
            memory=OnlyRecalled(session.memory),
            tainted=session.tainted or any(one.tainted for one in heard),
            stop=stop,
            feed=Relay(session.feed, stop),
        )


def tainted(result: TaskResult) -> bool:
    """Tell whether what came of a turn holds, or was caused by, content that nobody vouches for."""
    return any(step.tainted for step in result.steps)


class Stop(threading.Event):
    """Is set when it is set itself, or the one above it is."""

    def __init__(self, above: threading.Event) -> None:
        super().__init__()
        self._above = above

    def is_set(self) -> bool:
        """Tell whether to stop."""
        return self.alone() or self._above.is_set()

    def alone(self) -> bool:
        """Tell whether only this turn was stopped, because it was late."""
        return super().is_set()


class Relay(Feed):
    """Passes a turn's events on; who is late is heard no more."""

    def __init__(self, above: Feed, stop: Stop) -> None:
        super().__init__(above.task_id, above.listeners, attended=above.attended)
        self._above = above
        self._stop = stop

    def tell(self, kind: Kind, agent: str, span: str, parent: str, data: dict[str, JsonValue]) -> None:
        """Tell the listeners of the whole run."""
        if not self._stop.alone():
            self._above.tell(kind, agent, span, parent, data)


@dataclass(frozen=True, slots=True)
class OnlyRecalled:
    """A memory for a turn: what the group learns, it learns from the whole."""

    memory: Memory

    def recall(self, task: TaskSpec) -> Sequence[Remembered]:
        """Recall what fits."""
        return self.memory.recall(task)

    def learn(self, task: TaskSpec, result: TaskResult) -> None:
        """Learn nothing."""
