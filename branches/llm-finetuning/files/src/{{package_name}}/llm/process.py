"""What a run needs to know about the process it is in."""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


class Stopwatch:
    """Wall time of the stages of a run.

    Attributes
    ----------
    seconds : dict of str to float
        Time spent in each stage, in the order in which they were first entered.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside the ``with`` block to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


def peak_rss_mb() -> float:
    """Measure the most memory that this process has held so far, in mebibytes."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def import_training_stack() -> None:
    """Import what training needs, all together.

    With compiled bytecode this takes about five seconds on two cores, nearly all of it in transformers.
    """
    quiet_transformers()
    for module in ("torch", "transformers", "peft", "trl.trainer.sft_trainer"):
        import_module(module)
    import_module("datasets").disable_progress_bars()


def quiet_transformers() -> None:
    """Keep transformers from writing progress bars, and warnings about its own code, into the output."""
    # PEFT and TRL use this name, which transformers gave up in version 5.23.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
    # accelerate slices the mesh of processes so.
    warnings.filterwarnings("ignore", message="Slicing a flattened dim from root mesh", category=UserWarning)
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)  # torchao registers enums, as it need not any more
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it tells of its inputs' type for each layer
    logging.getLogger("accelerate.utils.fsdp_utils").setLevel(logging.WARNING)  # it tells of each file of a state
    import_module("transformers.utils.logging").disable_progress_bar()
