"""Patterns of the policy."""

import re
from fnmatch import fnmatchcase


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Read a regular expression, in which small and capital letters are the same.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error


def fits(name: str, patterns: list[str]) -> bool:
    """Say whether a name fits one of several shell patterns.

    Examples
    --------
    >>> fits("http_get", ["send_mail", "http_*"])
    True
    """
    return any(fnmatchcase(name, pattern) for pattern in patterns)
