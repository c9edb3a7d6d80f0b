"""Commands in processes of their own, which end when their time is up, with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

TIMED_OUT = 124  # as timeout(1) says it


def run_limited(command: Sequence[str], seconds: float) -> int:
    """Run a command, and give what it ended with; `TIMED_OUT` if it was killed because its time was up.

    What it writes must bear that it is killed at any moment. It is killed, too, when this process is interrupted.
    """
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return TIMED_OUT
        finally:
            if process.poll() is None:
                _kill(process)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM end this process as Ctrl-C does, so that what it runs ends with it."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended meanwhile
        os.killpg(process.pid, signal.SIGKILL)
