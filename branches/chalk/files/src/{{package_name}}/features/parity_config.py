"""The section ``features.parity``: how much of features is compared offline and online."""

from pydantic import Field

from ..config import ConfigModel


class ParityConfig(ConfigModel):
    """The check that training and serving see the same values."""

    entities: int = Field(default=1000, ge=1, description="Entities that are sampled, of each feature set")
    times: int = Field(default=3, ge=1, description="Times at which each of them is asked about")
    tolerance: float = Field(default=1e-9, ge=0, description="Relative difference of numbers that are the same")
    seed: int = Field(default=0, description="Another one samples other entities and times")
