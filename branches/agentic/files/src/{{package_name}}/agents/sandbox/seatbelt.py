"""Seatbelt, the sandbox of macOS: a profile for `sandbox-exec` that allows what it names, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

_BASE = """(version 1)
(deny default)
(import "bsd.sb")
(deny network*)
(deny process-fork)
(allow signal (target self))
(allow sysctl-read)"""
_SYSTEM = ("/System/Library", "/Library/Frameworks", "/usr/lib", "/dev")


def profile(read: Sequence[str], write: str, interpreter: str) -> str:
    r"""Give the profile of one run.

    Parameters
    ----------
    read
        Files and folders that can be read.
    write
        Folder in which files can be made.
    interpreter
        The one program that can be started.

    Examples
    --------
    >>> print(profile([], '/folder/a"b', "/usr/bin/python3").splitlines()[-1])
    (allow file-read* file-write* (subpath '/folder/a"b'))
    """
    rules = [f"(allow process-exec (literal {_quote(interpreter)}))"]
    rules += [f"(allow file-read* (subpath {_quote(path)}))" for path in (*_SYSTEM, *read)]
    rules.append(f"(allow file-read* file-write* (subpath {_quote(write)}))")
    return "\n".join([_BASE, *rules])


def _quote(path: str) -> str:
    backslash, quote = "\\", '"'
    return quote + path.replace(backslash, backslash * 2).replace(quote, backslash + quote) + quote
