"""Parts of a backfill at once: by processes on this machine, or by workers of Dask or Ray."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from importlib import import_module
from typing import Any

from ...errors import first_line
from ..batch_config import BatchConfig
from ..engines.duckdb_engine import DuckDBEngine
from ..engines.ibis_engine import IbisEngine
from ..engines.protocol import Engine
from ..errors import FeatureError

_SECTION = "features.batch"

Share = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], list[Any]]
"""Calls a function with each of the arguments, all at once, and gives the results in order."""


def open_share(batch: BatchConfig) -> Share | None:
    """Make what the configuration says; nothing where this process is to work alone.

    The cluster is connected to when there is work. Dask and Ray give a part whose worker is lost to another.
    """
    if batch.backend == "local" and batch.jobs == 1:
        return None

    def share(work: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
        from ...models.errors import ModelError

        try:
            return _WAYS[batch.backend](batch, work, parts)
        except ModelError as error:
            raise FeatureError(error.message, hint=error.hint) from error
        except _lost() as error:
            hint = "run it again: the times that are computed stay; give workers more memory if they ran out of it"
            raise FeatureError(f"a worker was lost: {first_line(error)}", hint=hint) from error

    return share


def _by_processes(batch: BatchConfig, work: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
    from joblib import Parallel, delayed

    results: list[Any] = Parallel(n_jobs=batch.jobs)(delayed(work)(*part) for part in parts)
    return results


def _by_dask(batch: BatchConfig, work: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
    from ...models.backend import connecting

    with connecting(batch, _SECTION, work.__module__) as options:
        client = options["client"]
        # Not through joblib, which forgets parts whose worker is lost.
        results: list[Any] = client.gather([client.submit(work, *part, pure=False) for part in parts])
        return results


def _by_ray(batch: BatchConfig, work: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
    from ...models.backend import connecting

    with connecting(batch, _SECTION, work.__module__):
        ray = import_module("ray")
        remote = ray.remote(_call)
        results: list[Any] = ray.get([remote.remote(work, part) for part in parts])
        return results


_LOST = {
    "distributed": ["KilledWorker"],
    "ray.exceptions": [
        "LocalRayletDiedError",
        "NodeDiedError",
        "ObjectLostError",
        "OutOfMemoryError",
        "RaySystemError",
        "WorkerCrashedError",
    ],
}


def _call(work: Callable[..., Any], part: tuple[Any, ...]) -> Any:
    return work(*part)


_WAYS = {"local": _by_processes, "dask": _by_dask, "ray": _by_ray}


def for_workers(engine: Engine) -> Engine:
    """Make an engine that works beside others: on one core, where nothing else is said.

    Raises
    ------
    FeatureError
        If it is a server, which shares the work out itself.
    """
    if isinstance(engine, IbisEngine):
        hint = "set features.batch.backend to local and jobs to 1, or features.engine.type to duckdb"
        raise FeatureError("Spark and Snowflake share the work out themselves, and take no other workers", hint=hint)
    if isinstance(engine, DuckDBEngine) and engine.threads is None:
        return replace(engine, threads=1)
    return engine


def _lost() -> tuple[type[Exception], ...]:
    """Name what says that a worker died; libraries that are not imported have said nothing."""
    known = ((where, name) for where, names in _LOST.items() if where in sys.modules for name in names)
    return BrokenProcessPool, *(getattr(sys.modules[where], name) for where, name in known)
