"""What the measurements share: processes that are timed, medians, and a figure with its target."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that was measured.

    Attributes
    ----------
    value
        What the project reached.
    bare
        What the libraries alone reached in the same run, if they were measured too.
    target
        The limit of the value, or of its ratio to `bare` where `relative` is set. None: shown for comparison only.
    better
        Whether the value should be below the target or above it.
    """

    name: str
    value: float
    unit: str
    bare: float | None = None
    target: float | None = None
    better: Literal["below", "above"] = "below"
    relative: bool = False

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the bare one."""
        return self.value / self.bare if self.bare else None

    @property
    def met(self) -> bool | None:
        """Whether the target was reached."""
        judged = self.ratio if self.relative else self.value
        if self.target is None or judged is None:
            return None
        return judged <= self.target if self.better == "below" else judged >= self.target


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took."""

    seconds: float
    mebibytes: float


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> Usage:
    """Run a command to its end, and measure its time and its greatest resident memory.

    Raises
    ------
    SystemExit
        If the command fails; its output is printed.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{output}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(seconds, used.ru_maxrss * unit / _MEBIBYTE)


def interleaved(commands: Mapping[str, Sequence[str | Path]], folder: Path, rounds: int) -> dict[str, Usage]:
    """Run each command once a round, and give the medians: what slows the machine down slows all of them."""
    taken: dict[str, list[Usage]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            taken[name].append(run(command, folder))
    return {
        name: Usage(statistics.median(one.seconds for one in usages), max(one.mebibytes for one in usages))
        for name, usages in taken.items()
    }
