"""The store of online features that the configuration names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .config import FeaturesConfig
from .definitions.registry import Definitions, find_definitions
from .online.features import OnlineFeatures
from .online.protocol import OnlineStore, OnlineStoreError
from .store_config import OnlineStoreConfig

if TYPE_CHECKING:
    from ..config import Config


def open_store(config: OnlineStoreConfig, root: Path) -> OnlineStore:
    """Open the store: a file of the project, or Redis.

    Parameters
    ----------
    root
        The project's folder.

    Raises
    ------
    OnlineStoreError
        If it can't be used, or its address or package is missing.
    """
    if config.type == "sqlite":
        from .online.sqlite_store import SqliteStore

        return SqliteStore(root / config.path)
    if not config.url:
        hint = "set FEATURES_REDIS_URL, such as redis://:password@host:6379/0"
        raise OnlineStoreError("online features are to be in Redis, and nothing says where that is", hint=hint)
    from .online.redis_store import RedisStore

    return RedisStore(config.url)


def open_features(config: Config, definitions: Definitions | None = None) -> OnlineFeatures:
    """Open the online features of a project.

    Parameters
    ----------
    definitions
        Those of the project, if None.

    Raises
    ------
    OnlineStoreError
        If the store can't be used.
    """
    own = config.group("features", FeaturesConfig)
    store = open_store(own.feature_store.online_store, config.root)
    online = OnlineFeatures(
        definitions or find_definitions(),
        store,
        lateness=timedelta(hours=own.serving.lateness_hours),
        history=timedelta(hours=own.serving.history_hours),
        fallback=own.serving.fallback,
    )
    online.ahead = own.streaming.policy().future
    return online
