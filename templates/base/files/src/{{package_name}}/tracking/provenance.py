"""Where a run comes from: the commit, the machine, and the versions of what it uses."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Commit:
    """The state of the source.

    Attributes
    ----------
    sha
        None outside git, and before the first commit.
    dirty
        Whether tracked files differ from the commit.
    """

    sha: str | None
    dirty: bool


def read_commit(root: Path) -> Commit:
    """Ask git about a folder."""
    if shutil.which("git") is None:
        return Commit(None, dirty=False)
    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        with Repo(root, search_parent_directories=True) as repository:
            return Commit(repository.head.commit.hexsha, repository.is_dirty())
    except (InvalidGitRepositoryError, NoSuchPathError, ValueError):  # the last: there is no commit yet
        return Commit(None, dirty=False)


@cache
def read_environment() -> dict[str, object]:
    """Describe Python, the machine, and every installed distribution with its version, as of the first call."""
    known = [found.metadata for found in distributions()]
    packages = {one["Name"]: one["Version"] for one in known if one["Name"]}
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": platform.platform(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }
