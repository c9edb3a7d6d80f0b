"""What later runs must know: when alerts were sent, and when a model was retrained."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class State(BaseModel):
    """The memory of one model's monitoring.

    Attributes
    ----------
    sent
        When an alert was sent, by its key and the channel.
    retrained
        When the last retraining began.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sent: dict[str, datetime] = {}
    retrained: datetime | None = None
