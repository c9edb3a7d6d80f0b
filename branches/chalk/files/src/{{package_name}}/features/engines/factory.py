"""Make the engine that the configuration names."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from ..engine_config import EngineConfig
from ..errors import FeatureError
from .duckdb_engine import DuckDBEngine
from .ibis_engine import IbisEngine
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
    hint = f"install the extra: uv sync --extra {config.type}"
    try:
        ibis = import_module("ibis")
        if config.type == "snowflake":
            return IbisEngine(ibis.connect(os.environ["SNOWFLAKE_CONNECTION"]))
        session = import_module("pyspark.sql").SparkSession.builder.getOrCreate()
    except ImportError as error:
        raise FeatureError(f"the engine {config.type} is not installed", hint=hint) from error
    except KeyError as error:
        hint = "set it, such as snowflake://user:password@account/database"
        raise FeatureError("SNOWFLAKE_CONNECTION is not set", hint=hint) from error
    return IbisEngine(ibis.pyspark.connect(session))
