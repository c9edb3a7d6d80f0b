"""What later runs must know: when alerts were sent, and when a model was retrained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from ..logs import get_logger
from .report import replace

_log = get_logger(__name__)

_STATE = "state.json"
_LOCK = "state.lock"


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

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the state of a model. What is damaged is forgotten: an alert too many is better than none."""
        try:
            return cls.model_validate_json((folder / _STATE).read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            _log.warning("the state of monitoring is lost", file=str(folder / _STATE), reason=type(error).__name__)
            return cls()

    @classmethod
    @contextmanager
    def locked(cls, folder: Path) -> Iterator[Self]:
        """Read the state, and keep other processes from it until the `with` block ends."""
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _LOCK):
            yield cls.read(folder)

    def write(self, folder: Path) -> None:
        """Keep the state.

        Raises
        ------
        MonitoringError
            If it can't be written.
        """
        replace(folder / _STATE, self.model_dump_json(indent=2))
