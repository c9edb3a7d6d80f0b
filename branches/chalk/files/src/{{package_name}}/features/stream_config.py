"""The section ``features.streaming``: how events become rows."""

from datetime import timedelta
from typing import Any

from pydantic import Field

from ..config import ConfigModel
from .stream.checks import Drift
from .stream.intake import Late, Policy


class StreamingConfig(ConfigModel):
    """How events become rows, and what is done with those that can't."""

    group: str = Field(default="features", min_length=1, description="Members of it share the partitions of a topic")
    kafka: dict[str, Any] = Field(default={}, repr=False, description="Further settings of librdkafka")
    files: str = Field(default="data/features/events", description="Folder with files of events, named after topics")
    schema_registry: str = Field(default="", repr=False, description="Address; without one, events are JSON")
    late: Late = Field(default="accept", description="What is done with rows behind the watermark")
    lateness_seconds: float = Field(default=3600, ge=0, description="How far the watermark is behind the newest event")
    future_seconds: float = Field(default=300, ge=0, description="How far ahead of the clock an event may be")
    missing_columns: Drift = Field(default="dead_letter", description="What is done with events that lack a column")
    unknown_columns: Drift = Field(default="accept", description="What is done with events that have further columns")
    dead_letters: str = Field(default="data/features/dead_letters.db", description="File that keeps dead letters")
    dead_letter_topic: str = Field(default="", description="Topic that they are sent to as well")
    batch: int = Field(default=50_000, ge=1, description="Messages that are kept at once, at most")
    wait_seconds: float = Field(default=0.2, gt=0, description="How long messages are waited for")

    def policy(self) -> Policy:
        """Give what is done with events that are not as they should be."""
        return Policy(
            self.late,
            timedelta(seconds=self.lateness_seconds),
            timedelta(seconds=self.future_seconds),
            self.missing_columns,
            self.unknown_columns,
        )
