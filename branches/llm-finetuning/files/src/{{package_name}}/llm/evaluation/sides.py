"""What is compared: a checkpoint, or the stored report of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from ..training.checkpointing import CheckpointManager
from .records import JSON, EvaluationReport, read_report


@dataclass(frozen=True)
class Side:
    """One of two models, that is not loaded.

    Attributes
    ----------
    ref : str
        What it was called by: a reference of a checkpoint, or the path of a report.
    name, version : str
        Those of the checkpoint.
    facts : mapping
        The content of its ``metadata.json``; empty where there is a report.
    report : EvaluationReport or None
        What was stored of it.
    """

    ref: str
    name: str
    version: str
    facts: Mapping[str, Any]
    report: EvaluationReport | None

    @property
    def model(self) -> str:
        """The checkpoint with its version."""
        return f"{self.name}@v{self.version}"


def find_side(ref: str, root: Path) -> Side:
    """Find a checkpoint of a project, or a stored report.

    Raises
    ------
    CheckpointError, DataError
        If there is none, or it can't be read.
    """
    path = Path(ref)
    if path.suffix == ".json" or (path / JSON).is_file():
        report = read_report(path)
        name, _, version = report.model.partition("@v")
        return Side(ref, name, version, {}, report)
    facts = CheckpointManager.of_project(root).metadata(ref)
    return Side(ref, facts["name"], facts["version"], facts, None)


def find_baseline(ref: str, second: Side, root: Path) -> Side:
    """Find what a model is held against.

    Parameters
    ----------
    ref : str
        A checkpoint or a stored report. Nothing, or the name of the model without a version, means the version before.

    Raises
    ------
    CheckpointError, DataError
        If there is none, or it is the model itself.
    """
    if ref not in ("", second.name):
        found = find_side(ref, root)
        if found.model != second.model:
            return found
        fault = f"{ref} and {second.ref} are one checkpoint, {second.model}, which loses nothing against itself"
        raise CheckpointError(fault, hint="name another one with --baseline")
    versions = [one for one in CheckpointManager.of_project(root).list() if one.name == second.name]
    places = [place for place, one in enumerate(versions) if one.version == second.version]
    if not places or places[0] == 0:
        message = f"{second.model} has no version before it to be compared with"
        raise CheckpointError(message, hint="name a checkpoint or a report with --baseline")
    return find_side(str(versions[places[0] - 1]), root)
