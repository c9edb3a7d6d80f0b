"""Make the engine that the configuration names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import first_line
from ..engine_config import EngineConfig
from ..errors import FeatureError
from ..sources.snowflake import connect_snowflake
from .duckdb_engine import DuckDBEngine
from .ibis_engine import IbisEngine
from .polars_engine import PolarsEngine
from .protocol import Engine
from .servers import IbisServer
from .spark_server import SparkServer, spark_errors

_SNOWFLAKE = "SNOWFLAKE_CONNECTION"


def open_engine(config: EngineConfig, root: Path) -> Engine:
    """Make an engine.

    Parameters
    ----------
    root
        The project's folder.

    Raises
    ------
    FeatureError
        If what it needs is not installed or not set, or its server does not answer.
    """
    if config.type == "duckdb":
        return DuckDBEngine(config.memory_limit, config.threads, root / config.spill)
    if config.type == "polars":
        return PolarsEngine()
    if config.type == "spark":
        return IbisEngine(SparkServer(_spark(config.spark)))
    address = os.environ.get(_SNOWFLAKE)
    if not address:
        hint = "set it, such as snowflake://user:password@account/database"
        raise FeatureError(f"the engine is Snowflake, and {_SNOWFLAKE} is not set", hint=hint)
    return IbisEngine(IbisServer(connect_snowflake(address, f"the engine at {_SNOWFLAKE}")))


def _spark(settings: Mapping[str, str]) -> Any:
    """Open a session of Spark, or give the one that is open."""
    try:
        sql = import_module("pyspark.sql")
        import_module("ibis.backends.pyspark")
    except ImportError as error:
        hint = "install the extra: uv sync --extra spark"
        raise FeatureError(f"the engine is Spark, which needs {error.name}", hint=hint) from error
    _need_java()
    builder = sql.SparkSession.builder.appName("features").config("spark.sql.session.timeZone", "UTC")
    try:
        session: Any = builder.config(map=dict(settings)).getOrCreate()
    except spark_errors() as error:
        hint = "look at features.engine.spark, and at what Spark has printed"
        raise FeatureError(f"Spark did not start: {first_line(error)}", hint=hint) from error
    session.sparkContext.setLogLevel("ERROR")
    return session


def _need_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").exists():
        hint = "set it to the folder of Java 17 or newer, or unset it to use the java of the PATH"
        raise FeatureError(f"the engine is Spark, and JAVA_HOME has no Java: {home}", hint=hint)
    if not home and shutil.which("java") is None:
        hint = "install Java 17 or newer, such as openjdk-17-jre-headless, or set JAVA_HOME"
        raise FeatureError("the engine is Spark, which needs Java, and there is none", hint=hint)
