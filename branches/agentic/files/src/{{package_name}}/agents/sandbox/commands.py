"""The command that starts the process at each tier, and the order that it is given."""

from __future__ import annotations

import compileall
import math
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import DEVNULL, PIPE, TimeoutExpired
from uuid import uuid4

import psutil

from .records import SandboxError, SandboxSettings, Tier
from .runtime import DEVICES, SYSTEM, environment, interpreter, packages, readable
from .seatbelt import profile

_HERE = Path(__file__).parent
_START = "import sys; sys.path.insert(0, {folder!r}); from inside.launch import main; main()"
_BOX = "/sandbox"  # where the folders are in a file system of its own
_DESCRIPTORS, _TASKS = 256, 128
_ENGINES = "docker", "podman"
_PATIENCE = 20  # seconds in which an engine has to answer
# What an engine reads.
_VARIABLES = ("PATH", "HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONFIG", "CONTAINER_HOST")


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
        What it is to do beside the code, for `write_order`.
    results
        Files that take the word that all is set up, and the results, where no pipe reaches the process.
    end
        Command that ends what killing the process leaves running.
    """

    command: list[str]
    environment: dict[str, str]
    order: list[tuple[str, ...]]
    results: tuple[Path, ...] = ()
    end: tuple[str, ...] = ()


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
        return _in_container(scratch, settings)
    work, given = str(scratch.work), str(scratch.given)
    limits = {} if tier == "none" else _limits(settings)
    order = _order(work, os.getpid(), limits, packages())
    command = _python(str(_HERE), given)
    if tier == "kernel":
        seen = [*readable(), str(_HERE / "inside"), given]
        if sys.platform == "darwin":
            command = ["/usr/bin/sandbox-exec", "-p", profile(seen, work, interpreter()), *command]
        elif sys.platform == "linux":
            order += _lock(seen, work)
        else:
            raise SandboxError(f"no way to isolate by the kernel is known for {sys.platform}")
    return Start(command, environment(work, settings.threads), order)


def _python(package: str, given: str, *, python: str = "", result: str = "{result}") -> list[str]:
    """Give the command of the launcher: isolated from our variables and paths, and without site-packages."""
    return [python or interpreter(), "-I", "-S", "-c", _START.format(folder=package), given, result]


def _order(work: str, parent: int, limits: dict[str, int], paths: Sequence[str]) -> list[tuple[str, ...]]:
    order: list[tuple[str, ...]] = [("work", work), ("parent", str(parent))]
    return order + [("limit", name, str(value)) for name, value in limits.items()] + [("package", one) for one in paths]


def _lock(read: Sequence[str], work: str) -> list[tuple[str, ...]]:
    return [*(("read", path) for path in read), ("write", work)]


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
    # We are out of its sight; bubblewrap dies with us, and all within with it.
    order = _order(work, 0, {**_limits(settings), "nproc": _TASKS}, packages())
    order += [*_lock([*readable(), f"{_BOX}/inside", f"{_BOX}/in"], work), ("remove",)]
    command = [bwrap, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    for path in _mounts():
        command += ["--ro-bind", path, path]
    for path in DEVICES:
        command += ["--dev-bind", path, path]
    command += ["--ro-bind", str(_HERE / "inside"), f"{_BOX}/inside", "--ro-bind", str(scratch.given), f"{_BOX}/in"]
    command += ["--size", str(settings.disk_mb << 20), "--tmpfs", work, "--chdir", work, "--"]
    return Start([*command, *_python(_BOX, f"{_BOX}/in")], environment(work, settings.threads), order)


def _in_container(scratch: Scratch, settings: SandboxSettings) -> Start:
    """Run in a container without network, privileges and files of ours, and the locks of the tier kernel on top.

    The image brings Python and packages.
    """
    if not settings.container_image:
        raise SandboxError("agentic.sandbox.container_image names no image with Python and the packages")
    ours = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    engine = _engine(settings.container_engine, ours)
    name, work = f"sandbox-{uuid4().hex}", f"{_BOX}/work"
    order = _order(work, 0, _limits(settings), ())
    order += [*_lock([*SYSTEM, f"{_BOX}/inside", f"{_BOX}/in"], work), ("python",), ("remove",)]
    results = scratch.work / "ready", scratch.work / "results"
    for file in results:
        file.touch()
        file.chmod(0o666)  # in a folder that is ours alone: the container's user writes them, and makes no others
    memory, disk = f"{settings.memory_mb}m", settings.disk_mb << 20
    command = [engine, "run", "--rm", "--name", name, "--network", "none", "--read-only", "--cap-drop", "ALL"]
    command += ["--pull", "never"]  # from where code runs, nothing is fetched, least of all in the code's time
    command += ["--stop-timeout", "0"]  # Podman takes ten seconds else, to remove one that is at work
    command += ["--security-opt", "no-new-privileges", "--user", "65534:65534", "--pids-limit", str(_TASKS)]
    command += ["--memory", memory, "--memory-swap", memory, "--cpus", str(settings.threads), "--workdir", "/"]
    command += ["--tmpfs", f"{work}:rw,noexec,nosuid,nodev,size={disk},mode=1777", "--entrypoint", "python3"]
    for place, inside, mode in (
        (_HERE / "inside", "inside", "ro"),
        (scratch.given, "in", "ro"),
        (scratch.work, "out", "rw"),
    ):
        command += ["--volume", f"{place}:{_BOX}/{inside}:{mode}"]
    for variable, value in environment(work, settings.threads).items():
        command += ["--env", f"{variable}={value}"]
    python = _python(_BOX, f"{_BOX}/in", python="python3", result=f"{_BOX}/out")[1:]
    python.remove("-S")  # the image's packages are where its own Python finds them
    end = (engine, "rm", "--force", name)
    return Start([*command, settings.container_image, *python], ours, order, results, end)


def _engine(named: str, variables: dict[str, str]) -> str:
    """Give the engine that is named, or the first that answers: its client may be there without its service."""
    faults = []
    for name in [named] if named else _ENGINES:
        path = shutil.which(name)
        fault = _ask(path, variables) if path else "it is not installed"
        if path and not fault:
            return path
        faults.append(f"{name}: {fault}")
    hint = "start its service, or name another engine as agentic.sandbox.container_engine"
    raise SandboxError(f"no engine of containers answers: {'; '.join(faults)}", hint=hint)


def _ask(engine: str, variables: dict[str, str]) -> str:
    """Ask an engine, and thereby its service if it has one, for its version; say what is wrong."""
    try:
        process = psutil.Popen([engine, "version"], env=variables, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    except OSError as error:
        return f"it can't be started: {error.strerror}"
    with process:
        try:
            said = process.communicate(timeout=_PATIENCE)[1]
        except TimeoutExpired:
            process.kill()
            return f"it gave no answer in {_PATIENCE} s"
    return last_words(said.decode(errors="replace"), process.returncode) if process.returncode else ""


def end(begun: Start) -> None:
    """End what a run may have left, and say so where the engine gives no answer."""
    if not begun.end:
        return
    process = psutil.Popen(begun.end, env=begun.environment, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    try:
        process.wait(timeout=_PATIENCE)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait()
        from ...logs import get_logger  # which `--help`, that loads this module, does without

        command = " ".join(begun.end)
        get_logger(__name__).warning("a container may still run: its engine gave no answer", command=command)


def last_words(stderr: str, code: int | None) -> str:
    """Give the last line of what a program said that failed, without the advice to read its help."""
    lines = [line for line in stderr.splitlines() if line.strip() and "--help" not in line]
    return lines[-1].strip() if lines else f"exit status {code}"


@cache
def _mounts() -> tuple[str, ...]:
    """Give what is to be seen in the namespace; not what lies below another of them."""
    paths = sorted(readable(), key=len)
    return tuple(path for path in paths if not any(path.startswith(f"{other}/") for other in paths))


@cache
def _compile() -> None:
    """Compile the launcher once, so that no run has to; where that can't be written, each run does."""
    compileall.compile_dir(_HERE / "inside", quiet=2)
