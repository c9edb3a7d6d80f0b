"""The section ``agentic.coordination``."""

from typing import Literal

from pydantic import Field

from ...config import ConfigModel

Tie = Literal["undecided", "first", "incumbent"]
Weighing = Literal["equal", "calibrated"]


class CoordinationConfig(ConfigModel):
    """How agents talk to each other and decide together."""

    max_agents: int = Field(default=5, ge=1, description="Most agents of one team")
    communication_protocol: Literal["broadcast", "direct", "blackboard", "pubsub"] = Field(
        default="broadcast", description="Who reads what an agent says"
    )
    consensus_threshold: float = Field(default=0.8, gt=0, le=1, description="Share of the weights that decides a vote")
    quorum: float = Field(default=0.5, ge=0, le=1, description="Share of the weights that must have voted")
    tie_rule: Tie = Field(default="undecided", description="What decides between options with equal weights")
    vote_weights: Weighing = Field(
        default="calibrated", description="What voters weigh where nothing else is said: as much, or by how often right"
    )
    calibrated_from: int = Field(
        default=10, ge=1, description="Votes of a judge whose truth is known, below which it weighs 1"
    )
    timeout: float = Field(default=60, gt=0, description="Seconds to wait for a vote, which is then an abstention")
