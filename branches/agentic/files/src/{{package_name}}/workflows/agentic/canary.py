"""A candidate that answers some of the requests of a service: how it does there, and what may be done about it.

What an agent decides is carried out here, and only if the figures allow it: a candidate that fails, is too slow or is
worse is not rolled forward whatever the agent says; to roll back is always allowed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx
from pydantic import JsonValue

from ...agents.errors import AgentError, ToolError
from ...agents.tasks import Record
from ...serving.config import TrafficConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...config import Config
    from ...models.metrics import Metric
    from ...models.promotion import Decision
    from ...models.registry import Version
    from ...models.workspace import Workspace
    from ...monitoring.predictions import PredictionLog, Role
    from ...serving.config import RulesConfig
    from ...serving.loading import Slot
    from ...serving.tally import Tally


_CANARY = TrafficConfig(mode="canary")


Quality = Literal["better", "worse", "no difference", "unknown"]


class Side(Record):
    """How one version does in the service.

    Attributes
    ----------
    failures
        Requests that it could not answer.
    milliseconds
        For a row, the median.
    score
        By the deciding metric, over `labelled` predictions whose labels have come.
    """

    version: int
    answered: int = 0
    failures: int = 0
    milliseconds: float | None = None
    labelled: int = 0
    score: float | None = None


class Figures(Record):
    """How candidate and champion do.

    Attributes
    ----------
    fault
        Why the candidate may not stay, by the rules of the service; nothing if it may.
    quality
        Whether it is better or worse beyond chance, by labels that have come; `evidence` has the numbers.
    withdrawn
        Why the service itself gave it no more requests; nothing if it still gets some.
    """

    metric: str
    candidate: Side
    champion: Side
    fault: str = ""
    quality: Quality = "unknown"
    evidence: str = "too few labels"
    withdrawn: str = ""


@dataclass(frozen=True, slots=True)
class Canary:
    """A candidate at work beside the champion.

    Attributes
    ----------
    client
        Of the service, with the scopes `predict` and `read`.
    log
        The service's predictions.
    begun
        What was logged before does not count.
    """

    workspace: Workspace
    client: httpx.Client
    log: PredictionLog
    rules: RulesConfig
    candidate: Version
    champion: Version
    slot: Slot
    begun: datetime

    @classmethod
    def of(cls, config: Config, client: httpx.Client, model: str, version: str) -> Self:
        """Give the version to the service as the challenger of its champion.

        Raises
        ------
        ProjectError
            If there is no such version, or no champion, or it is that already.
        """
        from ...models.registry import CHALLENGER, set_alias
        from ...models.workspace import Workspace
        from ...monitoring.access import open_log
        from ...serving.config import ServingConfig
        from ...serving.loading import Loader, Slot, Snapshot

        workspace = Workspace.open(config)
        candidate, champion = find_both(workspace, model, version)
        set_alias(workspace.tracking, candidate, CHALLENGER)
        slots = Loader(lambda: workspace, [model], [model]).look(Snapshot(), ()).slots
        # Whether the service itself promotes is another matter: here an agent asks for it.
        rules = config.group("serving", ServingConfig).rules.model_copy(update={"promote": True})
        slot, log = slots.get(model, Slot(model, ())), open_log(config)
        return cls(workspace, client, log, rules, candidate, champion, slot, datetime.now(UTC))

    def serving(self) -> dict[str, Any]:
        """Ask the service what it serves of the model.

        Raises
        ------
        AgentError
            If it does not say.
        """
        try:
            answer = self.client.get(f"/models/{self.candidate.model}").raise_for_status()
        except httpx.HTTPError as error:
            hint = "is it running, and may its client read?"
            raise AgentError(f"the service does not tell what it serves: {error}", hint=hint) from error
        found: dict[str, Any] = answer.json()
        return found

    def figures(self) -> Figures:
        """Measure both."""
        from ...serving.tally import fault

        told = self.serving()
        theirs, ours = self._scores()
        quality, evidence = self._quality()
        candidate, tried = self._side(self.candidate, "challenger", told["challenger"], theirs)
        champion, usual = self._side(self.champion, "champion", told["champion"], ours)
        return Figures(
            metric=next(iter(self._metrics())),
            candidate=candidate,
            champion=champion,
            fault=fault(tried, usual, self.rules),
            quality=quality,
            evidence=evidence,
            withdrawn="" if told["challenger"] else self._withdrawn(),
        )

    def forward(self) -> dict[str, JsonValue]:
        """Make the candidate the champion: if it is better on live labels, or else if the promotion gate lets it.

        Raises
        ------
        ToolError
            If it fails, is too slow, or is worse.
        """
        from ...models.promotion import decisions, promote, settle
        from ...models.registry import CHAMPION, find_version

        tracking, model = self.workspace.tracking, self.candidate.model
        held = find_version(tracking, model, str(self.candidate.number))
        if CHAMPION in held.aliases:  # by an earlier call of the same run
            return _told(next(one for one in decisions(tracking, model) if one.candidate == held.number))
        found = self.figures()
        if reason := found.withdrawn or found.fault:
            raise ToolError(f"{held} can't be rolled forward: {reason}", hint="roll it back")
        judged = self._judged()
        if judged is None:
            return _told(promote(self.workspace, model, str(held.number)))
        if not judged.promoted:
            raise ToolError(f"{held} can't be rolled forward: {judged.reason}", hint="roll it back")

        def same(champion: Version | None) -> Decision:
            if champion is None or champion.number != judged.champion:
                raise ToolError(f"{model} has another champion by now", hint="look at the figures again")
            return judged

        return _told(settle(tracking, held, same))

    def back(self, reason: str) -> dict[str, JsonValue]:
        """Take the candidate out of use. The champion goes on to answer."""
        from ...models.promotion import Check, Decision, withdraw

        decision = Decision(
            model=self.candidate.model,
            candidate=self.candidate.number,
            champion=self.champion.number,
            promoted=False,
            forced=False,
            reason=reason,
            metric="",
            checks=[Check(name="in use", passed=False, detail=reason)],
            scores={},
            comparison=None,
            input_sha256=self.workspace.splits(self.candidate.model).card.input_sha256,
            decided=datetime.now(UTC),
        )
        withdraw(self.workspace.tracking, self.candidate, decision)  # the service may have been faster
        return _told(decision)

    def _side(
        self, version: Version, role: Role, used: dict[str, Any] | None, score: float | None
    ) -> tuple[Side, Tally]:
        """Count what one version did. Only the service knows of failures: what failed is in no log."""
        from ...serving.tally import Tally

        frame = self.log.read(version.model, since=self.begun, version=version.number, role=role)
        failures = used["failures"] if used and used["version"] == version.number else 0
        tally = Tally(requests=len(frame), failures=failures)
        tally.seconds.extend(float(value) for value in frame["seconds"])
        side = Side(
            version=version.number,
            answered=len(frame),
            failures=failures,
            milliseconds=round(1_000 * median(tally.seconds), 3) if tally.seconds else None,
            labelled=int(frame["label"].notna().sum()),
            score=score,
        )
        return side, tally

    def _scores(self) -> tuple[float | None, float | None]:
        """Measure what both said by what was true; none where there are too few labels."""
        from ...serving.rules import live_outcomes

        if self.slot.champion is None or self.slot.challenger is None:
            return None, None
        found = live_outcomes(self.log, self.slot.champion, self.slot.challenger, _CANARY, self.rules)
        metric = next(iter(self._metrics().values()))
        return (_finite(metric.function(found[0])), _finite(metric.function(found[1]))) if found else (None, None)

    def _quality(self) -> tuple[Quality, str]:
        """Ask the rules of the service whether one is better beyond chance."""
        judged = self._judged()
        if judged:
            return ("better" if judged.promoted else "worse"), judged.reason
        if self._scores() == (None, None):
            return "unknown", f"fewer than {self.rules.least_labels} labels of one of them"
        return "no difference", "no difference beyond chance"

    def _judged(self) -> Decision | None:
        from ...serving.rules import judge

        return judge(self.workspace, self.slot, self.log, _CANARY, self.rules)

    def _metrics(self) -> Mapping[str, Metric]:
        return self.workspace.metrics(self.workspace.splits(self.candidate.model).card.task)

    def _withdrawn(self) -> str:
        from ...models.promotion import decisions

        found = decisions(self.workspace.tracking, self.candidate.model)
        mine = [one for one in found if one.candidate == self.candidate.number and one.decided >= self.begun]
        return mine[0].reason if mine else "the service does not use it"


def find_both(workspace: Workspace, model: str, version: str) -> tuple[Version, Version]:
    """Find the candidate and the champion.

    Raises
    ------
    ProjectError
        If one of them is not there, or both are one.
    """
    from ...models.registry import CHAMPION, find_version

    candidate, champion = (find_version(workspace.tracking, model, one) for one in (version, CHAMPION))
    if candidate.number == champion.number:
        raise AgentError(f"{candidate} is the champion already", hint="`models list` prints the other versions")
    return candidate, champion


def _told(decision: Decision) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = decision.model_dump(mode="json", exclude={"input_sha256", "forced"})
    return told


def _finite(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
