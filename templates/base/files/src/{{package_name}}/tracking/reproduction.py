"""Doing a recorded run once more, and holding the result to the first.

run → its kind → the function that does runs of that kind again → compare the numbers
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.settings import one_of
from ..plugins import find_plugins
from .client import open_tracking
from .config import TrackingConfig
from .errors import TrackingError
from .provenance import read_commit
from .runs import find_run
from .store import RunRecord, Tracking

if TYPE_CHECKING:
    from ..config import Config

KIND = "kind"
"""The tag that says whose run it is: the name of a plugin of the group `reproducers`."""

_USUAL = "model"
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Score:
    """A number of the run, and of its reproduction."""

    name: str
    first: float
    again: float

    @property
    def same(self) -> bool:
        """Whether they are equal but for the order in which processors add."""
        return math.isclose(self.first, self.again, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of it.

    Attributes
    ----------
    changes
        What is not as it was: the source, the versions of libraries.
    """

    run: RunRecord
    scores: list[Score]
    changes: list[str]

    @property
    def same(self) -> bool:
        """Whether there are numbers to compare, and all came out as before."""
        return bool(self.scores) and all(score.same for score in self.scores)


def reproduce(config: Config, reference: str) -> Reproduction:
    """Do a run again. Nothing is recorded.

    Parameters
    ----------
    reference
        The id of the run, or how it begins.

    Raises
    ------
    TrackingError
        If there is no such run, or its kind can't be done again.
    PluginError
        If what does it is broken.
    """
    run = find_run(open_tracking(config.group("tracking", TrackingConfig), config.root), reference)
    kind, known = run.tags.get(KIND, _USUAL), find_plugins("reproducers")
    if kind not in known:
        raise TrackingError(f"a run of the kind {kind!r} can't be done again", hint=one_of(kind, list(known)))
    again = known[kind].load()
    if not callable(again):
        raise known[kind].error("it is no function")
    found = known[kind].guard(again)(config, run)
    if not isinstance(found, Reproduction):
        raise known[kind].error("it gives no Reproduction")
    return found


def changes_since(tracking: Tracking, run: RunRecord, root: Path, packages: Sequence[str]) -> list[str]:
    """Say what is not as it was when a run was recorded: the commit, and versions of packages."""
    changes = []
    commit, then = read_commit(root), run.tags.get("git_commit", "")
    if then != (commit.sha or ""):
        changes.append(f"the commit was {then or 'none'}, and is {commit.sha or 'none'}")
    if run.tags.get("git_dirty") == "True" or commit.dirty:
        changes.append("the source has, or had, changes that are not committed")
    try:
        former = dict(json.loads(read_text(tracking, run.id, "environment.json"))["packages"])
    except (TrackingError, ValueError, KeyError, TypeError):
        return [*changes, "which packages there were is not known: environment.json of the run is missing or damaged"]
    for name in packages:
        try:
            now = version(name)
        except PackageNotFoundError:
            now = "not installed"
        if former.get(name, "not installed") != now:
            changes.append(f"{name} was {former.get(name, 'not installed')}, and is {now}")
    return changes


def read_text(tracking: Tracking, run_id: str, path: str) -> str:
    """Read a text among the files of a run."""
    with tracking.files(run_id, path) as place:
        return place.read_text(encoding="utf-8")
