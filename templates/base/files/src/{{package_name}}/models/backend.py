"""Where folds, trials and other parts are computed: on this machine, or on the machines of a Dask or Ray cluster.

Each worker needs this project installed, in the same version of it, of Python and of the libraries. Rows travel to the
workers; runs, models and searches are written by this process alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from typing import Any, Protocol

import joblib

from ..errors import first_line
from ..logs import get_logger
from ..plugins import PACKAGE
from .errors import ModelError

_log = get_logger(__name__)

_WORK = f"{PACKAGE}.models.training"
_PATIENCE = 30  # seconds until a cluster must have answered


Compute = Callable[[Iterable[Any]], list[Any]]
"""Does what `joblib.delayed` has made, all at once, and gives the results in order."""


class Backend(Protocol):
    """A section of the configuration that says where to compute, such as `ModelsConfig`."""

    @property
    def backend(self) -> str:
        """`local`, `dask` or `ray`."""
        ...

    @property
    def backend_address(self) -> str | None:
        """Of a cluster; one is started on this machine if None."""
        ...

    @property
    def jobs(self) -> int:
        """Processes on this machine."""
        ...


@contextmanager
def computing(config: Backend) -> Iterator[Compute]:
    """Connect to where `models.backend` says, for the time of the `with` block.

    Raises
    ------
    ModelError
        If the library is not installed, the cluster does not answer, or its workers lack this project.
    """
    if config.backend == "local":
        yield joblib.Parallel(n_jobs=config.jobs)
        return
    with connecting(config, "models", _WORK) as options:

        def compute(calls: Iterable[Any]) -> list[Any]:
            # Only here: estimators would send each of their own small pieces too.
            with joblib.parallel_config(config.backend, **options):
                results: list[Any] = joblib.Parallel(n_jobs=-1)(calls)
            return results

        try:
            yield compute
        except ImportError as error:
            raise _lacking(config.backend, error) from error


def connecting(config: Backend, section: str, module: str) -> AbstractContextManager[dict[str, Any]]:
    """Connect to a cluster of Dask, whose `client` it gives, or of Ray.

    Parameters
    ----------
    section
        Name of the section of the configuration, for errors.
    module
        What workers import for the work.

    Raises
    ------
    ModelError
        As `computing` does, when the `with` block is entered.
    """
    if config.backend == "dask":
        return _dask(config.backend_address, section, module)
    return _ray(config.backend_address, section)


@contextmanager
def _dask(address: str | None, section: str, module: str) -> Iterator[dict[str, Any]]:
    distributed = _library("dask", "distributed", section)
    with ExitStack() as opened:
        try:
            place = address or opened.enter_context(
                distributed.LocalCluster(threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs="ERROR")
            )
            client = opened.enter_context(distributed.Client(place, timeout=_PATIENCE))
            client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            raise _silent("dask", address, section, error) from error
        try:
            client.run(import_module, module)  # a worker of Dask hangs, without a word, on what it can't import
        except ImportError as error:
            raise _lacking("dask", error) from error
        _log.info("connected to a cluster", backend="dask", workers=len(client.nthreads()))
        yield {"client": client}


@contextmanager
def _ray(address: str | None, section: str) -> Iterator[dict[str, Any]]:
    # Started by `uv run`, Ray would make an environment anew for each worker, and wait for the network.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    ray = _library("ray", "ray", section)
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # a slow node is told of by an Exception of no class of its own
        raise _silent("ray", address, section, error) from error
    try:
        _log.info("connected to a cluster", backend="ray", workers=int(ray.cluster_resources().get("CPU", 0)))
        import_module("ray.util.joblib").register_ray()
        yield {}
    finally:
        ray.shutdown()


def _library(extra: str, name: str, section: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        message = f"{section}.backend is {extra}, and {error.name} is not installed"
        raise ModelError(message, hint=f"install the extra: uv sync --extra {extra}") from error


def _lacking(backend: str, error: ImportError) -> ModelError:
    message = f"a worker of {backend} can't import {error.name or error}"
    return ModelError(message, hint="install this project, in this version, for every worker")


def _silent(backend: str, address: str | None, section: str, error: Exception) -> ModelError:
    reason = first_line(error)
    hint = f"is it running? {section}.backend_address is {address}" if address else "see the log for what it lacks"
    return ModelError(f"no cluster of {backend} answers: {reason}", hint=hint)
