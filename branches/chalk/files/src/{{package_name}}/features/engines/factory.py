"""Make the engine that the configuration names."""

from __future__ import annotations

from pathlib import Path

from ..engine_config import EngineConfig
from ..errors import FeatureError
from .duckdb_engine import DuckDBEngine
from .polars_engine import PolarsEngine
from .protocol import Engine


def open_engine(config: EngineConfig, root: Path) -> Engine:
    """Make an engine.

    Parameters
    ----------
    root
        The project's folder.

    Raises
    ------
    FeatureError
        If what it needs is not installed.
    """
    if config.type == "duckdb":
        return DuckDBEngine(config.memory_limit, config.threads, root / config.spill)
    if config.type == "polars":
        return PolarsEngine()
    raise FeatureError(f"there is no engine {config.type!r}", hint="set features.engine.type to duckdb")
