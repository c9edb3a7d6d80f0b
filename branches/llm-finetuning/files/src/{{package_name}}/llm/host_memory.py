"""The memory of this machine, or of the container that this process runs in.

A container sees all memory of its machine, and is ended when it takes more than its control group may have:
https://docs.kernel.org/admin-guide/cgroup-v2.html#memory
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


class HostMemory(NamedTuple):
    """Bytes of memory.

    Attributes
    ----------
    total : int
        Taken or not.
    free : int
        That can be had now; files that the system keeps to read them faster are given up for that.
    """

    total: int
    free: int


def host_memory() -> HostMemory:
    """Measure the memory of this machine, within the limits of the control groups that this process is in."""
    import psutil

    machine = psutil.virtual_memory()
    found = [HostMemory(machine.total, machine.available), *_limits()]
    return HostMemory(min(one.total for one in found), max(0, min(one.free for one in found)))


def _limits() -> Iterator[HostMemory]:
    """Give the memory of each group that has a limit, from that of the process up to that of all."""
    for folder in _groups():
        try:
            most = (folder / "memory.max").read_text(encoding="ascii").strip()
            if most == "max":
                continue
            taken = int((folder / "memory.current").read_text(encoding="ascii"))
            stat = (folder / "memory.stat").read_text(encoding="ascii").split()
            kept = int(dict(zip(stat[::2], stat[1::2], strict=True)).get("inactive_file", 0))
            yield HostMemory(int(most), int(most) - (taken - kept))
        except (OSError, ValueError):  # no such group in this container, or none with memory
            continue


def _groups() -> Iterator[Path]:
    try:
        lines = MEMBERSHIP.read_text(encoding="utf-8").splitlines()
    except OSError:  # not on Linux
        return
    own = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), None)
    if own is None:  # version 1 of control groups
        return
    folder = GROUPS / own.lstrip("/")
    yield folder
    yield from (parent for parent in folder.parents if parent.is_relative_to(GROUPS))
