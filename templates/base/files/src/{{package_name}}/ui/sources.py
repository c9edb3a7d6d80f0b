"""What several pages read."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..tracking.config import TrackingConfig

if TYPE_CHECKING:
    from ..config import Config
    from ..monitoring.history import History
    from ..tracking.store import Tracking


def tracking_of(config: Config) -> Tracking:
    """Connect to where runs and models are recorded; a connection is kept once it was made.

    Raises
    ------
    TrackingError
        If it can't be reached.
    """
    return _open(config.group("tracking", TrackingConfig).model_dump_json(), config.root)


@lru_cache(maxsize=4)
def _open(settings: str, root: Path) -> Tracking:
    from ..tracking.client import open_tracking

    return open_tracking(TrackingConfig.model_validate_json(settings), root)


def history_of(config: Config) -> History:
    """Connect to what monitoring has found; a connection is kept once it was made.

    Raises
    ------
    ProjectError
        If it can't be reached.
    """
    from ..monitoring.access import history_address

    return _open_history(history_address(config), config.root)


@lru_cache(maxsize=4)
def _open_history(address: str, root: Path) -> History:
    from ..monitoring.database import open_database
    from ..monitoring.history import History

    return History.open(open_database(address, root), root)
