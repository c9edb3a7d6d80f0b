"""The machine that is measured: what it is, and how fast it is just now."""

from __future__ import annotations

import os
import platform
import time

from ..load import MIB

PACE_SIZE, _PACE_TIMES = 384, 6


def describe_machine(device: str) -> dict[str, str]:
    """Say what figures of two runs depend on."""
    import psutil
    import torch

    found = {
        "processor": platform.processor() or platform.machine(),
        "system": platform.system(),
        "cores": str(os.cpu_count()),
        "memory_gb": str(round(psutil.virtual_memory().total / 2**30)),
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "threads": str(torch.get_num_threads()),
    }
    return {**found, "host": platform.node()}


def pace(device: str) -> float:
    """Give the seconds of a fixed piece of work on a device, the least of several: other programs make it longer."""
    import torch

    matrix = torch.ones(PACE_SIZE, PACE_SIZE, device=device)
    taken = []
    for _ in range(_PACE_TIMES):
        started = time.perf_counter()
        (matrix @ matrix)[0, 0].item()  # waits until the device is done
        taken.append(time.perf_counter() - started)
    return min(taken)


def memory_mb() -> float:
    """Give the megabytes that this process has in memory."""
    import psutil

    return float(psutil.Process().memory_info().rss) / MIB
