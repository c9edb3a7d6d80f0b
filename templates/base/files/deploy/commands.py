"""Commands as data: they can be shown before they run, or instead."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


class DeployError(Exception):
    """Why a deployment can't go on, and what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True, slots=True)
class Command:
    """One program with its arguments; no shell reads them.

    Attributes
    ----------
    variables
        Set for this command beside those of the environment.
    into
        The command that reads what this one writes.
    hint
        What to do where it fails.
    """

    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    into: Command | None = None
    hint: str = ""

    def __str__(self) -> str:
        words = [*(f"{name}={shlex.quote(value)}" for name, value in self.variables.items()), shlex.join(self.argv)]
        return " ".join(words) + (f" | {self.into}" if self.into else "")

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sees."""
        return {**os.environ, **self.variables}


def command(*argv: str, hint: str = "") -> Command:
    """Make a command of its words."""
    return Command(argv, hint=hint)


def run(one: Command) -> None:
    """Run a command to its end; what it prints is seen.

    Raises
    ------
    DeployError
        If it fails.
    """
    failed = _piped(one) if one.into else _status(one)
    if failed:
        raise DeployError(f"{one} failed with {failed}", hint=one.hint)


def output(one: Command) -> str:
    """Run a command, and give what it prints to stdout, without the white space around it.

    Raises
    ------
    DeployError
        If it fails.
    """
    try:
        done = subprocess.run(one.argv, env=one.environment, capture_output=True, text=True, check=False)
    except OSError as error:
        raise DeployError(f"{one.argv[0]} can't be run: {error.strerror}", hint=one.hint) from error
    if done.returncode:
        raise DeployError(f"{one} failed with {done.returncode}: {done.stderr.strip()}", hint=one.hint)
    return done.stdout.strip()


@contextmanager
def running(one: Command) -> Iterator[subprocess.Popen[bytes]]:
    """Let a command run during the `with` block, and end it after that."""
    process = subprocess.Popen(one.argv, env=one.environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _status(one: Command) -> int:
    return subprocess.run(one.argv, env=one.environment, check=False).returncode


def _piped(first: Command) -> int:
    """Run commands that read what the one before them writes, and give the first status that is none of success."""
    processes: list[subprocess.Popen[bytes]] = []
    one: Command | None = first
    while one:
        above = processes[-1].stdout if processes else None
        out = subprocess.PIPE if one.into else None
        processes.append(subprocess.Popen(one.argv, env=one.environment, stdin=above, stdout=out))
        if above:
            above.close()  # whoever writes to a reader that ended early is told
        one = one.into
    return next(filter(None, [process.wait() for process in processes]), 0)
