"""Batches that fit a device: smaller ones, with the same number of rows in each optimiser step."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import LLMConfig, TrainingConfig
from ..errors import ModelError
from .multi_node import world_size

if TYPE_CHECKING:
    import torch

FITS = "batch.json"


def smaller_batch(batch_size: int, gradient_accumulation: int) -> tuple[int, int] | None:
    """Give the next smaller batch that makes the same optimiser step.

    Parameters
    ----------
    batch_size : int
        Rows at once.
    gradient_accumulation : int
        Batches in one step.

    Returns
    -------
    tuple of (int, int), or None
        The same two numbers, whose product stays; nothing if there is one row at once already.

    Examples
    --------
    >>> smaller_batch(8, 2)
    (4, 4)
    >>> smaller_batch(15, 1)
    (5, 3)
    >>> smaller_batch(1, 8) is None
    True
    """
    effective = batch_size * gradient_accumulation
    smaller = next((size for size in range(batch_size // 2, 0, -1) if effective % size == 0), None)
    return None if smaller is None else (smaller, effective // smaller)


def restarts_of(config: LLMConfig) -> int:
    """Count how often workers may start again: those that died, and once for each smaller batch.

    Examples
    --------
    >>> restarts_of(LLMConfig(training=TrainingConfig(batch_size=16)))
    7
    """
    training = config.training
    restarts, batch = config.distributed.restarts, training.batch_size * training.gradient_accumulation
    while smaller := smaller_batch(batch, 1):
        restarts, batch = restarts + 1, smaller[0]
    return restarts


def keep_batch(folder: Path, batch_size: int, gradient_accumulation: int) -> None:
    """Write down beside the states of a run which batch to go on with, for all of its processes.

    It is renamed into its place: a process that dies while it writes leaves what was there.
    """
    aside = folder / f".{FITS}-{socket.gethostname()}-{os.getpid()}"
    aside.write_text(json.dumps([batch_size, gradient_accumulation]), encoding="utf-8")
    aside.replace(folder / FITS)


def with_batch_that_fits(config: TrainingConfig, folder: Path) -> TrainingConfig:
    """Give settings with the batch that was written down, if memory ran out before in this run.

    Parameters
    ----------
    config : TrainingConfig
        Settings of the run.
    folder : Path
        Where its states are.
    """
    if not (folder / FITS).is_file():
        return config
    batch_size, gradient_accumulation = json.loads((folder / FITS).read_text(encoding="utf-8"))
    if batch_size >= config.batch_size:
        return config
    return config.model_copy(update={"batch_size": batch_size, "gradient_accumulation": gradient_accumulation})


def with_smaller_batch(
    config: TrainingConfig, error: BaseException, folder: Path, device: torch.device
) -> TrainingConfig:
    """Give the settings that need less memory; several processes take them up when they are started again.

    Parameters
    ----------
    config : TrainingConfig
        Settings with which memory ran out.
    error : BaseException
        What was raised then.
    folder : Path
        Where the run's states are.
    device : torch.device
        Whose memory it is.

    Raises
    ------
    ModelError
        If one row at once is too much, or there are several processes.
    """
    smaller = smaller_batch(config.batch_size, config.gradient_accumulation)
    if smaller is None:
        raise ModelError(
            f"one row at once is too much for the memory of {device.type}",
            hint="lower llm.training.max_length, set llm.training.activation_checkpointing=true, "
            "or take a smaller model",
        ) from error
    keep_batch(folder, *smaller)
    if world_size() > 1:
        raise ModelError(
            f"memory ran out with {config.batch_size} rows at once",
            hint=f"all workers start again with {smaller[0]} rows, and {smaller[1]} batches in a step",
        ) from error
    return config.model_copy(update={"batch_size": smaller[0], "gradient_accumulation": smaller[1]})


def fitted_batch(batch_size: int, gradient_accumulation: int, *, longest: int, tokens: int) -> tuple[int, int]:
    """Give the largest batch that makes the same optimiser step and has no more than so many tokens, or one row.

    Parameters
    ----------
    batch_size : int
        Rows at once.
    gradient_accumulation : int
        Batches in one step.
    longest : int
        Tokens of the longest row that there is.
    tokens : int
        Most tokens of a batch.

    Examples
    --------
    >>> fitted_batch(1, 16, longest=100, tokens=1024)
    (8, 2)
    >>> fitted_batch(16, 1, longest=250, tokens=1024)
    (4, 4)
    """
    effective = batch_size * gradient_accumulation
    fitting = (size for size in range(effective, 0, -1) if effective % size == 0 and size * longest <= tokens)
    size = next(fitting, 1)
    return size, effective // size


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that a device, or the machine, has no memory left.

    Examples
    --------
    >>> is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"))
    True
    >>> is_out_of_memory(RuntimeError("sizes differ"))
    False
    """
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "out of memory" in str(error).lower())


def free_cached_memory() -> None:
    """Give back what PyTorch keeps for later."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
