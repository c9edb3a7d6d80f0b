"""What happens when a disk is full: an error that says so, in place of whatever the library that was writing says."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ProjectError, first_line

FREE = "free some space there, and do it again: what was there before is as it was"

_CODES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# PyTorch says only at which place of the file it stands, and at which it should.
_WORDS = re.compile(
    rf"os error ({'|'.join(map(str, sorted(_CODES)))})\b|No space left|File too large|disk is full"
    r"|unexpected pos \d+ vs \d+|PytorchStreamWriter failed writing"
)


def is_full(error: BaseException) -> bool:
    """Say whether an error means that there is no room to write.

    Examples
    --------
    >>> is_full(OSError(errno.ENOSPC, "No space left on device"))
    True
    >>> is_full(ValueError("no such column"))
    False
    """
    if getattr(error, "errno", None) in _CODES or _WORDS.search(str(error)):
        return True
    return error.__cause__ is not None and is_full(error.__cause__)


@contextmanager
def room_for(what: str, kind: type[ProjectError]) -> Iterator[None]:
    """Make an error of a `kind` of what fails in the `with` block because a disk is full."""
    try:
        yield
    except ProjectError:
        raise
    except Exception as error:
        if not is_full(error):
            raise
        reason = first_line(error)
        raise kind(f"there is no room for {what}: {reason}", hint=FREE) from error
