"""How busy the machine is while it trains."""

from __future__ import annotations

from collections.abc import Iterator

MIB = 2**20


class Load:
    """The load of processor, memory and accelerator.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda`` or ``mps``.
    """

    def __init__(self, device: str) -> None:
        import psutil

        self.device = device
        self._process = psutil.Process()
        psutil.cpu_percent()  # what is asked for next is counted from here

    def measure(self) -> dict[str, float]:
        """Measure.

        Returns
        -------
        dict of str to float
            ``cpu_percent`` of all cores since the last call and ``memory_mb`` of this process in mebibytes; on an
            accelerator ``gpu_memory_mb``, and on CUDA ``gpu_percent`` where NVML tells. Apple does not tell how busy
            its GPU is.
        """
        import psutil

        found = {"cpu_percent": psutil.cpu_percent(), "memory_mb": self._process.memory_info().rss / MIB}
        return found | dict(self._accelerator())

    def _accelerator(self) -> Iterator[tuple[str, float]]:
        import torch

        if self.device == "cuda":
            yield "gpu_memory_mb", torch.cuda.memory_allocated() / MIB
            yield "gpu_peak_memory_mb", torch.cuda.max_memory_allocated() / MIB
            busy = gpu_percent()
            if busy is not None:
                yield "gpu_percent", busy
        elif self.device == "mps":
            yield "gpu_memory_mb", torch.mps.driver_allocated_memory() / MIB


def gpu_percent() -> float | None:
    """Ask NVML how busy the GPU is; nothing where it can't tell, for whatever reason."""
    import torch

    try:
        return float(torch.cuda.utilization())
    except Exception:
        # Each of NVML's errors is an own class of a package that may be missing; none of them may end a training.
        return None
