"""What of this machine Python needs to run: the interpreter, its libraries, the packages."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache
from pathlib import Path

SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/share/fonts",
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


@cache
def interpreter() -> str:
    """Give the interpreter itself, not the link to it of a virtual environment."""
    return os.path.realpath(sys.executable)


@cache
def packages() -> tuple[str, ...]:
    """Give the folders of installed packages; not that of the project's own source."""
    names = {"site-packages", "dist-packages"}
    return tuple(dict.fromkeys(path for path in sys.path if Path(path).name in names and Path(path).is_dir()))


@cache
def readable() -> tuple[str, ...]:
    """Give the files and folders that code has to read: libraries, packages, time zones, fonts; no configuration."""
    stdlib = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), f"{sys.base_prefix}/lib"]
    paths = [*SYSTEM, *stdlib, *packages(), interpreter()]
    return tuple(dict.fromkeys(path for path in paths if os.path.exists(path)))


def environment(work: str, threads: int) -> dict[str, str]:
    """Give the variables that the process sees: none of ours."""
    numeric = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "POLARS_MAX", "RAYON")
    return {
        "HOME": work,
        "TMPDIR": work,
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": f"{work}/.matplotlib",
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # others reserve more address space than code may have
        "JOBLIB_MULTIPROCESSING": "0",
        **{f"{name}_{'' if name == 'POLARS_MAX' else 'NUM_'}THREADS": str(threads) for name in numeric},
    }
