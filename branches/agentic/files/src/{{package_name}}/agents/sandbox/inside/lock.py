"""Give up, for good, what code may not have: privileges, files, and calls of the system. Linux.

All three hold for the process and whatever it starts, and nothing takes them back (prctl(2), landlock(7), seccomp(2)).
"""

from __future__ import annotations

import ctypes
import os

from . import landlock, seccomp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .order import Order

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_CAPBSET_READ, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _CLEAR_ALL = 23, 24, 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522


def lock(order: Order) -> None:
    """Lock this process in.

    Parameters
    ----------
    order
        `read`: files and folders that can be read. `write`: folders in which files can be made. `remove`: whether they
        can be removed there.

    Raises
    ------
    OSError
        If the kernel does not know how; nothing may be run then.
    """
    _drop_capabilities()
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs could not be set")
    read, write = ([path for (path,) in order[kind]] for kind in ("read", "write"))
    landlock.restrict(read, write, remove=bool(order["remove"]))
    seccomp.restrict(os.getpid())


def _drop_capabilities() -> None:
    """Drop every capability, as an administrator's process has them; others have none."""
    capability = 0
    while _LIBC.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0) >= 0:
        _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        capability += 1
    _LIBC.prctl(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if _LIBC.capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capabilities could not be dropped")
