"""The section ``agentic.coordination``."""

from typing import Literal

from pydantic import Field

from ...config import ConfigModel

Tie = Literal["undecided", "first", "incumbent"]


class CoordinationConfig(ConfigModel):
    """How agents talk to each other and decide together."""

    max_agents: int = Field(default=5, ge=1, description="Most agents of one team")
    communication_protocol: Literal["broadcast", "direct", "blackboard", "pubsub"] = Field(
        default="broadcast", description="Who reads what an agent says"
    )
    consensus_threshold: float = Field(default=0.8, gt=0, le=1, description="Share of the weights that decides a vote")
    quorum: float = Field(default=0.5, ge=0, le=1, description="Share of the weights that must have voted")
    tie_rule: Tie = Field(default="undecided", description="What decides between options with equal weights")
    timeout: float = Field(default=60, gt=0, description="Seconds to wait for a vote, which is then an abstention")
