"""What voters weigh: what was written down, as much as all others, or by how often each was right before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .calibration import FEWEST, Judgement, calibrate
from .config import Weighing
from .consensus import Vote

if TYPE_CHECKING:
    from ..session import Project

Weights = Mapping[str, float] | Weighing


@dataclass(frozen=True, slots=True)
class Weighed:
    """What voters weigh.

    Attributes
    ----------
    weights
        By the voter's name.
    reasons
        Where weights come from that are made of a record, a sentence a line.
    """

    weights: dict[str, float]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """A vote that is held.

    Attributes
    ----------
    group
        To which the voters belong: a judge is known by its group, its name and the model that answers.
    run_id
        Of the vote: if it goes on after a crash, only what was known when it began counts, so that it ends the same.
    options
        How many there are to choose from.
    """

    group: str
    run_id: str
    options: int


def judge_of(group: str, voter: str) -> str:
    """Name a voter of a group as a judge."""
    return f"{group}/{voter}"


def weigh(project: Project, votes: Sequence[Vote], weights: Weights | None, occasion: Occasion) -> Weighed:
    """Weigh those who voted.

    Parameters
    ----------
    weights
        By name, 1 for those that are not named; or `equal`, or `calibrated`; as configured if None.

    Raises
    ------
    AgentError
        If the record can't be read.
    """
    settings = project.agentic.coordination
    names = [one.voter for one in votes]
    how = settings.vote_weights if weights is None else weights
    if not isinstance(how, str):
        return Weighed({name: how.get(name, 1.0) for name in names})
    if how == "equal" or occasion.options < FEWEST:
        return Weighed(dict.fromkeys(names, 1.0))
    known = _known(project, [judge_of(occasion.group, name) for name in names], occasion.run_id)
    found: dict[str, float] = {}
    reasons = []
    for vote in votes:
        judge = judge_of(occasion.group, vote.voter)
        own = [one for one in known if (one.judge, one.model) == (judge, vote.model)]
        enough = len(own) >= settings.calibrated_from
        found[vote.voter] = calibrate(own, judges=[judge], options=occasion.options)[judge] if enough else 1.0
        if own:
            reasons.append(_reason(vote.voter, own, found[vote.voter], 0 if enough else settings.calibrated_from))
    return Weighed(found, tuple(reasons))


def _known(project: Project, judges: Sequence[str], run_id: str) -> list[Judgement]:
    from ..durability.opening import open_durability

    kept = open_durability(project)
    began: datetime | None = kept.store.get(run_id).created if kept.store.exists(run_id) else None
    return kept.judgements.settled(before=began, judges=judges)


def _reason(voter: str, own: Sequence[Judgement], weight: float, missing: int) -> str:
    right = sum(one.correct for one in own)
    record = f"right in {right} of {len(own)} cases whose truth is known"
    few = f", which are too few: a weight is made of {missing}" if missing else ""
    return f"{voter} weighs {weight:.3g}: {record}{few}."
