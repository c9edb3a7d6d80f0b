"""Seccomp: the calls of the system that a process can make. seccomp(2), and linux/filter.h and audit.h for the numbers.

The filter names what is allowed, so a call that a later kernel brings is refused. Where a call does harm with some
arguments alone, those are looked at.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from .calls import ALLOWED, ARCHITECTURES, CHECKED

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # places in seccomp_data; arguments take eight bytes each

_REFUSE = _ERRNO | errno.EPERM
_UNKNOWN = _ERRNO | errno.ENOSYS

_THREAD, _NEW_NAMESPACES = 0x00010000, 0x7E020080  # of clone's flags
_TMPFILE = 0o20000000
_ASKS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)  # copies, flags and locks; not F_SETOWN, which brings signals
_PRCTL = (15, 16, 3, 23, 38 + 1)  # names; reading dumpable, capabilities and no_new_privs


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def restrict(process: int) -> None:
    """Leave this process the calls that computing takes: no program, process, socket or signal to others.

    Parameters
    ----------
    process
        Its own id, to whose threads it may send signals.

    Raises
    ------
    OSError
        If the architecture is unknown, or the kernel refuses.
    """
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        raise OSError(f"no filter of calls is known for {machine}")
    code = assemble(machine, process)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    if _LIBC.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), f"seccomp refused the filter: {os.strerror(ctypes.get_errno())}")


def assemble(machine: str, process: int) -> bytes:
    """Give the filter as the kernel takes it: eight bytes an instruction."""
    column, audit = ARCHITECTURES[machine]
    code = [_op(_LOAD, _ARCHITECTURE), _op(_EQUAL, audit, 1, 0), _op(_RETURN, _KILL), _op(_LOAD, _NUMBER)]
    for name, numbers in CHECKED.items():
        if (number := numbers[column]) is not None:
            block = _check(name, process)
            code += [_op(_EQUAL, number, 0, len(block)), *block]
    for numbers in ALLOWED.values():
        if (number := numbers[column]) is not None:
            code += [_op(_EQUAL, number, 0, 1), _op(_RETURN, _ALLOW)]
    return b"".join([*code, _op(_RETURN, _REFUSE)])


def _check(name: str, process: int) -> list[bytes]:
    """Give the instructions that decide on a call by its arguments; each ends in a return."""
    allow, refuse = _op(_RETURN, _ALLOW), _op(_RETURN, _REFUSE)
    if name == "clone":  # threads alone
        wrong = [_op(_LOAD, _argument(0)), _op(_ANY_BIT, _NEW_NAMESPACES, 1, 0), _op(_ANY_BIT, _THREAD, 1, 0)]
        return [*wrong, refuse, allow]
    if name in {"clone3", "openat2"}:  # their arguments can't be seen; libraries then take the older call
        return [_op(_RETURN, _UNKNOWN)]
    if name in {"open", "openat"}:
        flags = _argument(1 if name == "open" else 2)
        return [_op(_LOAD, flags), _op(_ANY_BIT, _TMPFILE, 0, 1), _op(_RETURN, _ERRNO | errno.EOPNOTSUPP), allow]
    if name == "prlimit64":  # reading: no new limit is given, in either half of the pointer
        halves = (_argument(2), _argument(2) + 4)
        return [one for half in halves for one in (_op(_LOAD, half), _op(_EQUAL, 0, 1, 0), refuse)] + [allow]
    known = {"tgkill": (0, (process,)), "ioctl": (1, _ASKS), "fcntl": (1, _FCNTL), "prctl": (0, _PRCTL)}
    place, values = known[name]
    return [
        _op(_LOAD, _argument(place)),
        *(one for value in values for one in (_op(_EQUAL, value, 0, 1), allow)),
        refuse,
    ]


def _argument(index: int) -> int:
    """Give the place of an argument's lower half: both architectures are little-endian."""
    return _ARGUMENTS + 8 * index


def _op(code: int, value: int, true: int = 0, false: int = 0) -> bytes:
    """Give one instruction; `true` and `false` are how many to leave out."""
    return struct.pack("=HBBI", code, true, false, value)
