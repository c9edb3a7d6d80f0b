"""The command that starts the process at each tier, and the order that it is given."""

from __future__ import annotations

import compileall
import math
import os
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .records import SandboxError, SandboxSettings, Tier
from .runtime import DEVICES, environment, interpreter, packages, readable

_HERE = Path(__file__).parent
_START = "import sys; sys.path.insert(0, {folder!r}); from inside.launch import main; main()"
_BOX = "/sandbox"  # where the folders are in a file system of its own
_DESCRIPTORS, _TASKS = 256, 128


@dataclass(frozen=True, slots=True)
class Scratch:
    """The folders of one run: what goes in, and where the process writes."""

    given: Path
    work: Path

    @classmethod
    def below(cls, folder: Path) -> Scratch:
        """Make them."""
        scratch = cls(folder / "in", folder / "work")
        scratch.given.mkdir()
        scratch.work.mkdir()
        return scratch


@dataclass(frozen=True, slots=True)
class Start:
    """How a process is started.

    Attributes
    ----------
    order
        What it is to do beside the code, as JSON.
    """

    command: list[str]
    environment: dict[str, str]
    order: dict[str, Any]


def start(tier: Tier, scratch: Scratch, settings: SandboxSettings) -> Start:
    """Give the start at a tier.

    Raises
    ------
    SandboxError
        If the tier takes what this machine has not.
    """
    _compile()
    if tier == "namespaces":
        return _in_namespaces(scratch, settings)
    if tier == "container":
        raise SandboxError("no container engine is set up")
    work, given = str(scratch.work), str(scratch.given)
    order = _order(tier, work, settings)
    if tier == "kernel":
        if sys.platform != "linux":
            raise SandboxError("Landlock and seccomp are Linux's")
        order["lock"] = {"read": [*readable(), str(_HERE / "inside"), given], "write": [work], "remove": False}
    return Start(_python(str(_HERE), given), environment(work, settings.threads), order)


def _python(package: str, given: str, *, python: str = "", result: str = "{result}") -> list[str]:
    """Give the command of the launcher: isolated from our variables and paths, and without site-packages."""
    return [python or interpreter(), "-I", "-S", "-c", _START.format(folder=package), given, result]


def _order(tier: Tier, work: str, settings: SandboxSettings) -> dict[str, Any]:
    return {
        "work": work,
        "packages": packages(),
        "parent": os.getpid(),
        "limits": {} if tier == "none" else _limits(settings),
        "lock": None,
    }


def _limits(settings: SandboxSettings) -> dict[str, int]:
    memory = settings.memory_mb << 20
    return {
        "as": memory,
        "data": memory,
        "cpu": math.ceil(settings.timeout * settings.threads) + 2,
        "fsize": settings.disk_mb << 20,
        "nofile": _DESCRIPTORS,
        "core": 0,
        "msgqueue": 0,
    }


def _in_namespaces(scratch: Scratch, settings: SandboxSettings) -> Start:
    """Run with files, network and processes of its own, through bubblewrap, and the locks of the tier kernel on top."""
    bwrap = shutil.which("bwrap")
    if not bwrap:
        raise SandboxError("bubblewrap (bwrap) is not installed")
    work = f"{_BOX}/work"
    order = _order("namespaces", work, settings)
    order["parent"] = 0  # out of sight; bubblewrap dies with us, and all within with it
    order["limits"]["nproc"] = _TASKS
    order["lock"] = {"read": [*readable(), f"{_BOX}/inside", f"{_BOX}/in"], "write": [work], "remove": True}
    command = [bwrap, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    for path in _mounts():
        command += ["--ro-bind", path, path]
    for path in DEVICES:
        command += ["--dev-bind", path, path]
    command += ["--ro-bind", str(_HERE / "inside"), f"{_BOX}/inside", "--ro-bind", str(scratch.given), f"{_BOX}/in"]
    command += ["--size", str(settings.disk_mb << 20), "--tmpfs", work, "--chdir", work, "--"]
    return Start([*command, *_python(_BOX, f"{_BOX}/in")], environment(work, settings.threads), order)


@cache
def _mounts() -> tuple[str, ...]:
    """Give what is to be seen in the namespace; not what lies below another of them."""
    paths = sorted(readable(), key=len)
    return tuple(path for path in paths if not any(path.startswith(f"{other}/") for other in paths))


@cache
def _compile() -> None:
    """Compile the launcher once, so that no run has to; where that can't be written, each run does."""
    compileall.compile_dir(_HERE / "inside", quiet=2)
