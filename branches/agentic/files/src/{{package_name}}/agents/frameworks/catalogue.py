"""The frameworks there are, and where each is installed: in an environment of its own, or in the project's."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AgentError
from .config import LANGGRAPH, FrameworkName, PackageName

if TYPE_CHECKING:
    from ..session import Project


@dataclass(frozen=True, slots=True)
class Package:
    """What can be installed in an environment of its own.

    Attributes
    ----------
    package
        Its distribution on PyPI.
    extra
        Extra of the project that brings it; empty if its pins don't agree with the project's.
    """

    name: PackageName
    title: str
    package: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Framework(Package):
    """What can lead agents."""

    name: FrameworkName


@dataclass(frozen=True, slots=True)
class Installed:
    """Where a framework runs.

    Attributes
    ----------
    python
        Interpreter of its environment.
    own
        Whether that environment is its own.
    """

    version: str
    python: Path
    own: bool


FRAMEWORKS: tuple[Framework, ...] = (
    Framework(LANGGRAPH, "LangGraph", "langgraph"),
    Framework("autogen", "AutoGen", "autogen-agentchat"),
    Framework("ag2", "AG2", "ag2", extra="ag2"),
    Framework("agent_framework", "Microsoft agent-framework", "agent-framework-core", extra="agent-framework"),
    Framework("crewai", "CrewAI", "crewai"),
    Framework("semantic_kernel", "Semantic Kernel", "semantic-kernel"),
)


GUIDANCE = Package("guidance", "Guidance", "guidance")
"""It leads no agent: it holds a local model to a schema."""

AGENTDOJO = Package("agentdojo", "AgentDojo", "agentdojo")
"""It leads no agent: its tasks and attacks measure them."""

PACKAGES: tuple[Package, ...] = (*FRAMEWORKS, GUIDANCE, AGENTDOJO)


def framework_named(name: str) -> Framework:
    """Find a framework by its name.

    Raises
    ------
    AgentError
        If there is none.
    """
    for framework in FRAMEWORKS:
        if framework.name == name:
            return framework
    known = ", ".join(framework.name for framework in FRAMEWORKS)
    raise AgentError(f"there is no framework {name[:100]!r}", hint=f"there are: {known}")


def package_named(name: str) -> Package:
    """Find what can be installed by its name.

    Raises
    ------
    AgentError
        If there is none.
    """
    for package in (GUIDANCE, AGENTDOJO):
        if package.name == name:
            return package
    return framework_named(name)


def own_folder(project: Project, framework: Package) -> Path:
    """Give the folder of a framework's own environment, which may not be there yet."""
    return project.root / project.agentic.frameworks.folder / framework.name


def find_installed(project: Project, framework: Package) -> Installed | None:
    """Tell where a framework is installed: its own environment comes before the project's."""
    own = own_folder(project, framework)
    python = own / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    for site in [*own.glob("lib/python*/site-packages"), *own.glob("Lib/site-packages")]:
        version = _version(framework, [str(site)])
        if version and python.exists():
            return Installed(version, python, own=True)
    shared = _version(framework, sys.path)
    return Installed(shared, Path(sys.executable), own=False) if shared else None


def check_framework(project: Project, name: FrameworkName, strategy: str | None) -> None:
    """Refuse a framework that is not there, or a strategy that it does not have.

    Raises
    ------
    AgentError
        If it is unknown, not installed, or told a strategy that is the project's own.
    """
    if name == LANGGRAPH:
        return
    framework = framework_named(name)
    if strategy is not None:
        hint = f"leave it out, or take the framework {LANGGRAPH}"
        raise AgentError(f"{framework.title} goes its own way, and can't be told the strategy {strategy}", hint=hint)
    if find_installed(project, framework) is None:
        extra = f", or `uv sync --extra {framework.extra}`" if framework.extra else ""
        raise AgentError(f"{framework.title} is not installed", hint=f"`agents frameworks install {name}`{extra}")


def _version(framework: Package, path: list[str]) -> str:
    return next((found.version for found in distributions(name=framework.package, path=path)), "")
