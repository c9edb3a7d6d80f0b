"""What a group is made of, as data: so that a file, a service, a worker or a resumed run can make it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ..agent_config import AgentConfig
from ..errors import AgentError
from ..tasks import Record
from .channels import Protocol
from .config import Weighing
from .consensus import VotingRules

if TYPE_CHECKING:
    from ..base import Agent
    from ..session import Project
    from .group import Group, Setup

Pattern = Literal["consensus", "debate", "auction", "pipeline", "discussion", "hand_off", "parallel_map"]

_VOTES = {"options", "weights", "rules"}
_OWN: dict[Pattern, set[str]] = {
    "consensus": {*_VOTES, "seconds"},
    "debate": {*_VOTES, "rounds", "seconds"},
    "auction": {"reserve"},
    "pipeline": {"parts"},
    "discussion": {"rounds"},
    "hand_off": {"most"},
    "parallel_map": {"gather"},
}
_MOST_BYTES = 1_000_000


class GroupConfig(Record):
    """A group, as data.

    Parameters
    ----------
    pattern
        How it works together. `consensus` is one vote, `debate` one after arguments.
    agents
        Who works together; none of them leads a team of its own.
    protocol, subscriptions
        Who hears what an agent says; the configuration's protocol by default.
    options
        What is voted on, by `consensus` and `debate`.
    weights
        Of voters, by name; or `equal`, or `calibrated` by how often each was right. The configuration's by default.
    rules
        When a vote decides; the configuration's by default.
    seconds
        Time for a vote, and for each round of arguments; the configuration's by default.
    rounds
        How often all speak at most, by `debate` and `discussion`.
    reserve
        Least confidence that is a bid, by `auction`.
    parts
        By `pipeline`, what an agent is asked by its name, where that is not the goal of the whole task.
    most
        How often a task may be handed over, by `hand_off`; 10 by default.
    gather
        Who brings the answers together, by `parallel_map`.

    Examples
    --------
    >>> voters = [AgentConfig(name=name) for name in ("ada", "ben")]
    >>> GroupConfig(pattern="consensus", agents=voters, options=("deploy", "wait")).name
    ''
    """

    pattern: Pattern
    name: str = Field(default="", max_length=60)
    agents: tuple[AgentConfig, ...] = Field(min_length=1, max_length=20)
    protocol: Protocol | None = None
    subscriptions: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    options: tuple[str, ...] = Field(default=(), max_length=100)
    weights: dict[str, float] | Weighing | None = None
    rules: VotingRules | None = None
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    rounds: int | None = Field(default=None, ge=1, le=100)
    reserve: float = Field(default=0, ge=0, le=1)
    parts: dict[str, str] = Field(default_factory=dict)
    most: int | None = Field(default=None, ge=1, le=1_000)
    gather: AgentConfig | None = None

    @model_validator(mode="after")
    def _fits_the_pattern(self) -> Self:
        own = _OWN[self.pattern]
        foreign = sorted(name for name in set[str]().union(*_OWN.values()) - own if getattr(self, name))
        if foreign:
            raise ValueError(f"{', '.join(foreign)}: of no use to the pattern {self.pattern}")
        if "options" in own and not self.options:
            raise ValueError(f"the pattern {self.pattern} needs options to vote on")
        names = {one.name for one in self.agents}
        listeners = names | ({self.gather.name} if self.gather else set())
        weighed = self.weights if isinstance(self.weights, dict) else {}
        unknown = sorted(({*weighed, *self.parts} - names) | (set(self.subscriptions) - listeners))
        if unknown:
            raise ValueError(f"there is no agent {', '.join(unknown)}: there are {', '.join(sorted(listeners))}")
        return self

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file of YAML.

        Raises
        ------
        AgentError
            If it can't be read, or is not that of a group.
        """
        import yaml

        try:
            with path.open("rb") as file:
                text = file.read(_MOST_BYTES)
            return cls.model_validate(yaml.safe_load(text))
        except (OSError, yaml.YAMLError) as error:
            raise AgentError(f"{path} can't be read: {error}", hint="name a YAML file of a group") from error
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "the group"
            raise AgentError(
                f"{path}: {where}: {fault['msg']}", hint="the guide Working together has examples"
            ) from error

    def make(self, project: Project) -> Group:
        """Make the group.

        Raises
        ------
        AgentError
            If an agent can't be made, two have one name, or they are more than may work together.
        """
        if any(one.members for one in (*self.agents, *filter(None, [self.gather]))):
            raise AgentError("an agent of a group can't lead a team of its own", hint="make it an agent of the group")
        setup: Setup = {"protocol": self.protocol, "subscriptions": self.subscriptions, "name": self.name}
        group = self._made(project, [one.alone(project) for one in self.agents], setup)
        group.config = self
        return group

    def _made(self, project: Project, agents: Sequence[Agent], setup: Setup) -> Group:
        from .auction import Auction
        from .debate import Debate
        from .discussion import Discussion
        from .handoff import HandOff
        from .parallel import ParallelMap
        from .pipeline import Pipeline
        from .poll import Poll

        votes: dict[str, Any] = {"options": self.options, "weights": self.weights, "rules": self.rules}
        votes |= {"seconds": self.seconds}
        rounds: dict[str, Any] = {"rounds": self.rounds} if self.rounds else {}
        most: dict[str, Any] = {"most": self.most} if self.most else {}
        gather = self.gather.alone(project) if self.gather else None
        makers: dict[Pattern, Any] = {
            "consensus": lambda: Poll(agents, **votes, **setup),
            "debate": lambda: Debate(agents, **votes, **rounds, **setup),
            "auction": lambda: Auction(agents, reserve=self.reserve, **setup),
            "pipeline": lambda: Pipeline(agents, parts=self.parts, **setup),
            "discussion": lambda: Discussion(agents, **rounds, **setup),
            "hand_off": lambda: HandOff(agents, **most, **setup),
            "parallel_map": lambda: ParallelMap(agents, gather=gather, **setup),
        }
        made: Group = makers[self.pattern]()
        return made


def read_worker(document: dict[str, Any]) -> AgentConfig | GroupConfig:
    """Read who does a run, an agent or a group, from what was kept of it."""
    return GroupConfig.model_validate(document) if "pattern" in document else AgentConfig.model_validate(document)
