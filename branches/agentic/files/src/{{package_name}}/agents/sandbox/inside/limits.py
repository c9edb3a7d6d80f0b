"""Limits of the process, by setrlimit(2)."""

from __future__ import annotations

import os
import resource
import sys

MEGABYTE = 1 << 20


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when the one that started it ends, and look whether it has already.

    Parameters
    ----------
    parent
        Process id of the one that started it; 0 where its ids can't be seen from here, and something else sees to it.
    """
    if not parent or not sys.platform.startswith("linux"):
        return
    import ctypes

    pr_set_pdeathsig, kill = 1, 9
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, kill, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit(values: list[tuple[str, ...]]) -> None:
    """Set limits, soft and hard.

    Parameters
    ----------
    values
        Names in lower case without `RLIMIT_`, such as `as`, and values in the units of setrlimit(2). What a system does
        not know, or keeps lower already, is left as it is.
    """
    for name, wanted in values:
        number = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if number is None:
            continue
        value = int(wanted)
        _, hard = resource.getrlimit(number)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(number, (most, most))
        except (ValueError, OSError):  # macOS refuses some, such as RLIMIT_AS
            continue
