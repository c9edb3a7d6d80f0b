"""What is kept of a training by several agents: who proposed what, what came of it, and how they chose."""

from __future__ import annotations

from pydantic import JsonValue

from ...agents.coordination.consensus import Resolution
from ...agents.tasks import Record
from .crew import Ending, Work


class Proposer(Record):
    """One who proposes.

    Attributes
    ----------
    prefers
        Algorithms, the favourite first.
    judges_by
        The metric that decides its vote; the deciding one of the configuration if that is not measured.
    """

    name: str
    prefers: tuple[str, ...]
    judges_by: str


PROPOSERS = (
    Proposer(name="linear", prefers=("logistic", "ridge"), judges_by="log_loss"),
    Proposer(name="neighbours", prefers=("nearest-neighbours",), judges_by="accuracy"),
    Proposer(name="trees", prefers=("lightgbm", "gradient-boosting", "random-forest"), judges_by="roc_auc"),
)


class Proposal(Record):
    """What a proposer wants trained."""

    proposer: str
    algorithm: str
    parameters: dict[str, JsonValue]
    reason: str


class Trained(Record):
    """A version that came of a proposal, with what was measured.

    Attributes
    ----------
    proposers
        Several may have proposed the same.
    """

    version: int
    algorithm: str
    proposers: tuple[str, ...]
    cross_validation: dict[str, float]
    validation: dict[str, float]

    @property
    def option(self) -> str:
        """How it is named in a vote."""
        return f"version {self.version}"


class Fault(Record):
    """What the critic finds wrong with a version."""

    version: int
    fault: str


class Training(Record):
    """What came of a training.

    Attributes
    ----------
    failed
        Proposals that could not be trained, with the reason.
    rounds
        The votes; the last one is of those that went on.
    chosen
        The version that was put before the gate; None where it ended before.
    agreed
        Whether a vote decided for it. If none did, it is the best in cross-validation.
    decision
        The gate's, as it is kept; None if the version is the champion already.
    ending
        Whether all of it was done; if not, what it has is what there was by then.
    """

    task_id: str
    dataset: str
    metric: str
    proposals: tuple[Proposal, ...]
    trained: tuple[Trained, ...]
    failed: dict[str, str]
    faults: tuple[Fault, ...]
    rounds: tuple[Resolution, ...]
    chosen: int | None = None
    agreed: bool = False
    decision: dict[str, JsonValue] | None = None
    work: tuple[Work, ...]
    ending: Ending = Ending()
