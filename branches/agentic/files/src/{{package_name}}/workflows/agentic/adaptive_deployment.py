"""A candidate that proves itself on real requests: canary → figures → an agent decides → forward or back.

Until it is rolled forward the champion answers most requests, and each that the candidate fails at: whatever breaks off
in between leaves the champion at work.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, JsonValue

from ...agents.errors import AgentError
from ...agents.tasks import Grant, Record, TaskSpec
from ...agents.tools.spec import Effect, Tool, tool
from .canary import Canary, Figures
from .crew import Ending, Halted, Work, answer_of, config_of, do, gave, new_id, work_of

if TYPE_CHECKING:
    import httpx

    from ...agents.session import Project
    from .traffic import Traffic

OPERATOR = "You put models to work with care: you watch how a candidate does, and roll it forward or back."

Outcome = Literal["forward", "back"]

_TOOLS: dict[Outcome, str] = {"forward": "roll_forward", "back": "roll_back"}
_PATIENCE = 300.0  # seconds in which the service notices what the registry says
_LOOK_UP = 0.1
_SECONDS = 600  # that a decision may take: the gate predicts the test split

Reason = Annotated[str, Field(description="Why, with the figures that decide", min_length=1)]


class Round(Record):
    """One look at the figures, and what the agent made of it: forward, back, or wait."""

    figures: Figures
    decision: str
    reason: str


class Rollout(Record):
    """What came of a candidate.

    Attributes
    ----------
    before
        The champion that it was tried beside.
    outcome
        `forward` if it is the champion now, `back` if it is out of use, `open` if nothing is decided yet.
    by
        The agent, or this program where the agent decided nothing.
    decision
        As it is kept with the version.
    ending
        Whether it came to a decision; if not, the champion answers most requests, as it did.
    """

    task_id: str
    model: str
    candidate: int
    before: int
    rounds: tuple[Round, ...]
    outcome: Outcome | Literal["open"]
    by: Literal["agent", "program"]
    reason: str
    decision: dict[str, JsonValue]
    work: tuple[Work, ...]
    ending: Ending = Ending()


@dataclass(frozen=True, slots=True)
class Trial:
    """How a candidate is tried.

    Attributes
    ----------
    client
        Of the service, which must give challengers of the model their share: `serving.traffic` says so.
    traffic
        Where the requests come from.
    looks
        At the figures. A candidate about which nothing is decided by then is rolled back.
    """

    client: httpx.Client
    traffic: Traffic
    looks: int = 4


def deploy(project: Project, trial: Trial, model: str, version: str = "challenger", *, task_id: str = "") -> Rollout:
    """Try a version on requests beside the champion, and roll it forward or back.

    Raises
    ------
    AgentError
        If the service does not take the candidate up.
    ProjectError
        If there is no such version, or no champion.
    """
    canary = Canary.of(config_of(project), trial.client, model, version)
    try:
        operation = _Operation(project, canary, task_id or new_id("rollout"), trial.looks)
        operation.wait_for("challenger", canary.candidate.number)
        for number in range(1, trial.looks + 1):
            trial.traffic.ask(trial.client, model)
            if operation.look(number):
                break
        return operation.end() if operation.decided or operation.ending else operation.told("open", "program", {})
    finally:
        canary.log.close()


class _Operation:
    """One rollout: its looks, and what was decided."""

    def __init__(self, project: Project, canary: Canary, task_id: str, looks: int) -> None:
        self.project, self.canary, self.task_id, self.looks = project, canary, task_id, looks
        self.rounds: list[Round] = []
        self.work: list[Work] = []
        self.ending = Ending()
        self.decided: tuple[Outcome, dict[str, JsonValue]] | None = None

    def wait_for(self, role: Literal["champion", "challenger"], number: int, *, gone: bool = False) -> None:
        """Wait until the service has a version in a role, or no longer.

        Raises
        ------
        AgentError
            If it never comes to that.
        """
        until = time.monotonic() + _PATIENCE
        while True:
            told = self.canary.serving()
            if (told[role] is not None and told[role]["version"] == number) is not gone:
                return
            model = told["name"]
            if told["traffic"]["mode"] != "canary":
                hint = f"start it with --set serving.traffic.{model}.mode=canary"
                raise AgentError(f"the service gives challengers of {model} no requests", hint=hint)
            if told["problems"] or time.monotonic() >= until:
                why = "; ".join(told["problems"]) or f"it did not within {_PATIENCE:g} s"
                what = "let version {} of {} go" if gone else "take version {} of {} up"
                raise AgentError(f"the service does not {what.format(number, model)} as {role}: {why}")
            time.sleep(_LOOK_UP)

    def look(self, number: int) -> bool:
        """Have the agent look and decide; tells whether that was the last look."""
        from ...agents.reasoning import ReasoningAgent

        figures, task = self.canary.figures(), self._task(number)
        tools = [self._figures(figures), self._forward(), self._back()]
        agent = ReasoningAgent(name="operator", role=OPERATOR, tools=tools, strategy="react", project=self.project)
        try:
            result = do(agent, task, may_fail=True)
        except Halted as halted:
            result, self.ending = halted.result, halted.ending
        self.work.append(work_of(agent, task, result))
        for outcome, name in _TOOLS.items():
            held = [one for one in gave(result, name) if one["promoted"] == (outcome == "forward")]
            self.decided = (outcome, held[-1]) if held else self.decided
        decision = self.decided[0] if self.decided else "wait"
        reason = str(answer_of(result).get("reason", ""))
        self.rounds.append(Round(figures=figures, decision=decision, reason=reason))
        return self.decided is not None or not self.ending

    def end(self) -> Rollout:
        """Roll back what nobody has decided about, and see that the service serves what was decided."""
        by: Literal["agent", "program"] = "agent" if self.decided else "program"
        reason = f"nothing was decided in {self.looks} looks at its figures"
        outcome, decision = self.decided or ("back", self.canary.back(reason))
        canary = self.canary
        if outcome == "forward":
            self.wait_for("champion", canary.candidate.number)
        else:
            self.wait_for("challenger", canary.candidate.number, gone=True)
        return self.told(outcome, by, decision)

    def told(
        self, outcome: Outcome | Literal["open"], by: Literal["agent", "program"], decision: dict[str, JsonValue]
    ) -> Rollout:
        """Tell how it stands."""
        canary = self.canary
        return Rollout(
            task_id=self.task_id,
            model=canary.candidate.model,
            candidate=canary.candidate.number,
            before=canary.champion.number,
            rounds=tuple(self.rounds),
            outcome=outcome,
            by=by,
            reason=str(decision.get("reason", self.ending.reason)),
            decision=decision,
            work=tuple(self.work),
            ending=self.ending,
        )

    def _task(self, number: int) -> TaskSpec:
        candidate, champion = self.canary.candidate, self.canary.champion
        answer = {"type": "object", "properties": {"reason": {"type": "string"}}, "required": ["reason"]}
        what = f"version {candidate.number} of {candidate.model}"
        return TaskSpec(
            goal=f"Decide whether {what} is rolled forward, rolled back, or watched on",
            inputs={"candidate": candidate.number, "champion": champion.number, "look": number, "looks": self.looks},
            answer_schema=answer,
            grants=tuple(Grant(tool=name) for name in _TOOLS.values()),
            task_id=f"{self.task_id}.look-{number}",
        )

    def _figures(self, figures: Figures) -> Tool:
        def canary_figures() -> dict[str, JsonValue]:
            """Tell how candidate and champion do: requests, failures, time, and their scores where labels have come."""
            return figures.model_dump(mode="json")

        return tool(Effect.READ)(canary_figures)

    def _forward(self) -> Tool:
        canary = self.canary

        def roll_forward() -> dict[str, JsonValue]:
            """Make the candidate the champion, if its figures and the promotion gate let it; `promoted` tells."""
            return canary.forward()

        return tool(Effect.WRITE, honours_key=True, timeout=_SECONDS)(roll_forward)

    def _back(self) -> Tool:
        canary = self.canary

        def roll_back(reason: Reason) -> dict[str, JsonValue]:
            """Take the candidate out of use; the champion answers all requests again."""
            return canary.back(reason)

        return tool(Effect.WRITE, honours_key=True, timeout=_SECONDS)(roll_back)


def verdict(rollout: Rollout) -> str:
    """Say in a sentence how it ended."""
    candidate = f"version {rollout.candidate} of {rollout.model}"
    if rollout.outcome == "open":
        return f"{candidate} was neither rolled forward nor back: {rollout.reason}."
    if rollout.outcome == "forward":
        return f"{candidate} was rolled forward and answers all requests: {rollout.reason}."
    return f"{candidate} was rolled back, and version {rollout.before} answers all requests: {rollout.reason}."
