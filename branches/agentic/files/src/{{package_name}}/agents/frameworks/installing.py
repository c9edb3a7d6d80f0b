"""Making an environment for a framework whose pins don't agree with the project's."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING

import psutil

from ..errors import AgentError
from .catalogue import Installed, Package, find_installed, own_folder
from .config import LANGGRAPH

if TYPE_CHECKING:
    from ..session import Project

_MOST_TOLD = 600


def install(project: Project, framework: Package) -> Installed:
    """Install a framework in an environment of its own, in place of one that is there.

    Raises
    ------
    AgentError
        If it can't be installed.
    """
    if framework.name == LANGGRAPH:
        raise AgentError(f"{framework.title} is the project's own", hint="there is nothing to install")
    folder = own_folder(project, framework)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for command in commands(folder, project.agentic.frameworks.packages[framework.name]):
            _run(command, framework)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    installed = find_installed(project, framework)
    if installed is None:
        hint = f"does agentic.frameworks.packages name {framework.package}?"
        raise AgentError(f"{framework.title} is not there after it was installed", hint=hint)
    return installed


def commands(folder: Path, packages: Sequence[str]) -> list[list[str]]:
    """Give the commands that make an environment and install packages there: uv's, or those of Python."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if shutil.which("uv"):
        make = ["uv", "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)]
        return [make, ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *packages]]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
    ]


def _run(command: list[str], framework: Package) -> None:
    ran = psutil.Popen(command, stdout=PIPE, stderr=STDOUT, text=True, encoding="utf-8", errors="replace")
    said = ran.communicate()[0].strip()[-_MOST_TOLD:]
    if ran.returncode:
        raise AgentError(f"{framework.title} can't be installed:\n{said}", hint="see conf/agentic/frameworks.yaml")
