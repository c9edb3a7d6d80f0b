"""Landlock: the files that a process can reach. landlock(7), and linux/landlock.h for the numbers.

It governs opening, making and removing; not looking at what a file is called, how large it is and whose.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION, _PATH_BENEATH = 1, 1

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _REFER, _TRUNCATE = 1 << 7, 1 << 8, 1 << 13, 1 << 14
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}  # rights by version
_FILES_NOW = (1 << 16) - 1  # since 5, with ioctl of devices
_TCP, _SCOPES = 0b11, 0b11  # since 4: bind and connect; since 6: abstract sockets and signals
_SINCE_TCP, _SINCE_SCOPES = 4, 6


def version() -> int:
    """Give the version of Landlock that the kernel offers; 0 if none."""
    return max(0, int(_LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


def restrict(read: list[str], write: list[str], *, remove: bool) -> None:
    """Leave this process the files and folders that are named; no TCP, no signals to others where the kernel can.

    Parameters
    ----------
    remove
        Whether files can be removed and renamed in the folders to write to. What can't be removed can be measured: a
        file that is open and has no name any more would fill the disk unseen.

    Raises
    ------
    OSError
        If the kernel has no Landlock, or refuses.
    """
    known = version()
    if not known:
        raise OSError("the kernel offers no Landlock")
    handled = _FILES.get(known, _FILES_NOW)
    net = _TCP if known >= _SINCE_TCP else 0
    scopes = _SCOPES if known >= _SINCE_SCOPES else 0
    size = 24 if known >= _SINCE_SCOPES else 16 if known >= _SINCE_TCP else 8  # an older kernel takes less of it
    ruleset = _call(_CREATE_RULESET, struct.pack("=QQQ", handled, net, scopes), size, 0)
    looking = _READ_FILE | _READ_DIR
    making = looking | _WRITE_FILE | _TRUNCATE | _MAKE_DIR | _MAKE_REG
    if remove:
        making |= _REMOVE_DIR | _REMOVE_FILE | _REFER
    for paths, rights in ((read, looking), (write, making)):
        for path in paths:
            _allow(ruleset, path, rights & handled)
    _allow(ruleset, "/dev/null", _READ_FILE | _WRITE_FILE)
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= _READ_FILE | _WRITE_FILE
    _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    os.close(place)


def _call(number: int, *arguments: object) -> int:
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = int(_LIBC.syscall(number, *given))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock refused call {number}: {os.strerror(ctypes.get_errno())}")
    return result
