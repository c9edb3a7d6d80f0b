"""The memory of a project, as the configuration asks for it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ...database import Database
from ...errors import first_line
from ..errors import AgentError
from ..safety.opening import open_filters
from .embedding import open_embedder
from .remembering import TaskMemory
from .store import DatabaseMemories, MemoryStore

if TYPE_CHECKING:
    from ..config import AgenticConfig
    from ..session import Filter

_OPEN: dict[tuple[int, str, str, str], MemoryStore] = {}
_LOCK = threading.Lock()


def open_memory(config: AgenticConfig, root: Path, filters: tuple[Filter, ...] | None = None) -> TaskMemory:
    """Open the memory of a project; threads of a process share its database.

    Parameters
    ----------
    filters
        Through which texts go before they are kept; those of the configuration by default.

    Raises
    ------
    AgentError
        If the database can't be used, or the embedder is none.
    """
    url = config.memory.database_url.get_secret_value()
    folder = root / config.durability.folder
    key = (os.getpid(), str(folder), url, config.memory.embedder)
    with _LOCK:
        if key not in _OPEN:
            _OPEN[key] = _open_store(config, folder, url)
        return TaskMemory(_OPEN[key], config.memory, open_filters(config) if filters is None else filters)


def _open_store(config: AgenticConfig, folder: Path, url: str) -> MemoryStore:
    embedder = open_embedder(config.memory)
    if url.startswith(("redis://", "rediss://", "unix://")):
        try:
            from .redis_store import RedisMemories
        except ImportError as error:
            raise AgentError("memories in Redis need its client", hint="install it: uv sync --extra redis") from error

        return RedisMemories.open(url, embedder)
    if not url:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            hint = "agentic.durability.folder names it; this user must be able to write there"
            raise AgentError(f"{folder} can't be made, for memories: {first_line(error)}", hint=hint) from error
    database = Database.open(url or f"sqlite:///{folder / 'memories.db'}", folder, "the memory of agents", AgentError)
    return DatabaseMemories(database, embedder)
