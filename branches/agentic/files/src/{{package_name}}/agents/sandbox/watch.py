"""Watch over the process: read what it says as it says it, and end it when a limit is reached."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import psutil

TICK = 0.02  # seconds between two looks at what it uses
_CHUNK = 1 << 16


@dataclass(slots=True)
class Stream:
    """What came through one pipe, up to a limit in bytes."""

    limit: int
    excess: str
    data: bytearray = field(default_factory=bytearray)

    def take(self, chunk: bytes) -> str:
        """Add a chunk, and say what is wrong if it is too much."""
        self.data += chunk
        if len(self.data) <= self.limit:
            return ""
        del self.data[self.limit :]
        return self.excess


@dataclass(frozen=True, slots=True)
class Watched:
    """How a process ended.

    Attributes
    ----------
    code
        Its exit status, negative for a signal; None if it had to be killed.
    timed_out
        Whether its time was up.
    excess
        Which limit it went beyond; empty if none.
    """

    code: int | None
    seconds: float
    timed_out: bool = False
    excess: str = ""


def watch(
    command: Sequence[str],
    streams: Mapping[str, Stream],
    *,
    environment: Mapping[str, str],
    timeout: float,
    check: Callable[[int], str],
) -> Watched:
    """Start a command and watch it to its end.

    Parameters
    ----------
    command
        `{result}` in it becomes the number of the pipe for results.
    streams
        Limits of `stdout`, `stderr` and `result`.
    check
        Asked every tick with the process id; it gives which limit was gone beyond, or nothing.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        process, result = _start(command, environment, stack)
        selector = stack.enter_context(selectors.DefaultSelector())
        pipes = {"stdout": process.stdout.fileno(), "stderr": process.stderr.fileno(), "result": result}
        for name, pipe in pipes.items():
            selector.register(pipe, selectors.EVENT_READ, streams[name])
        excess = _follow(process, selector, started + timeout, check)
        return Watched(process.poll(), time.monotonic() - started, timed_out=excess is None, excess=excess or "")


def _start(command: Sequence[str], environment: Mapping[str, str], stack: ExitStack) -> tuple[psutil.Popen, int]:
    """Start the process, and give it and the pipe of its results; the stack ends the one and closes the other."""
    reader, writer = os.pipe()
    stack.callback(os.close, reader)
    with os.fdopen(writer, "wb"):  # closed here as soon as the process has it
        process = psutil.Popen(
            [part.replace("{result}", str(writer)) for part in command],
            cwd="/",
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(writer,),
        )
    stack.callback(_end, process)
    return process, reader


def _follow(
    process: psutil.Popen, selector: selectors.BaseSelector, deadline: float, check: Callable[[int], str]
) -> str | None:
    """Read until the process has ended (empty), or goes beyond a limit; say which. None: its time is up."""
    looked = 0.0
    while (now := time.monotonic()) < deadline:
        if now - looked >= TICK:
            looked = now
            if excess := check(process.pid):
                return excess
        if not selector.get_map():  # it closed its pipes: it has ended, or soon will
            with suppress(psutil.TimeoutExpired):
                process.wait(min(TICK, deadline - now))
                return ""
            continue
        ended = process.poll() is not None  # asked first: else it may write, and end, between the look and the question
        ready = selector.select(min(TICK, deadline - now))
        if ended and not ready:
            return ""  # what it left behind holds the pipes
        for key, _ in ready:
            chunk = os.read(key.fd, _CHUNK)
            if not chunk:
                selector.unregister(key.fd)
            elif excess := key.data.take(chunk):
                return str(excess)
    return None


def _end(process: psutil.Popen) -> None:
    """Kill the process with its group, and see it gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(psutil.NoSuchProcess):
        process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()
