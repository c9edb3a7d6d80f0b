"""Training a recorded run once more, and holding the result to the first.

run → its recipe → is the data the same? → train with the configuration of then → compare the scores
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from pydantic import ValidationError

from ..data.card import DataCard
from ..data.labelled import FOLDER
from ..tracking.errors import TrackingError
from ..tracking.provenance import read_commit
from ..tracking.runs import find_run
from ..tracking.store import RunRecord, Tracking
from .backend import computing
from .errors import ModelError
from .metrics import find_metrics
from .target import predict_rows
from .training import Recipe, train
from .workspace import Workspace

_TOLERANCE = 1e-6
_WATCHED = ("joblib", "lightgbm", "numpy", "pandas", "scikit-learn", "scipy")


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
        """Whether every score came out as before."""
        return all(score.same for score in self.scores)


def reproduce(workspace: Workspace, reference: str) -> Reproduction:
    """Train a run's model again. Nothing is recorded.

    Parameters
    ----------
    reference
        The id of the run, or how it begins.

    Raises
    ------
    ModelError
        If the run trained no model, or the data is not the same.
    """
    run = find_run(workspace.tracking, reference)
    try:
        recipe = Recipe.model_validate_json(_text(workspace.tracking, run.id, "recipe.json"))
    except (TrackingError, ValidationError) as error:
        message = f"the run {run.id} has no recipe that this version of the project knows"
        raise ModelError(message, hint=f"check out its commit: {run.tags.get('git_commit') or 'unknown'}") from error
    splits = workspace.splits(recipe.dataset)
    if splits.card.input_sha256 != recipe.input_sha256:
        message = f"{recipe.dataset} is not the data of the run: its SHA-256 is {splits.card.input_sha256}"
        raise ModelError(message, hint=_what_to_bring(workspace.tracking, run, splits.card))
    names = [name.removeprefix("cv_") for name in run.metrics if name.startswith("cv_")]
    metrics = find_metrics(names, splits.card.task)
    with computing(workspace.models) as compute:
        trained = train(recipe, splits.train, splits.card, metrics, compute)
    rows = predict_rows(trained.pipeline, splits.validation, splits.card)
    again = {f"cv_{name}": trained.mean(name) for name in metrics}
    again |= {f"validation_{name}": metric.function(rows) for name, metric in metrics.items()}
    scores = [Score(name, run.metrics[name], value) for name, value in again.items() if name in run.metrics]
    return Reproduction(run, scores, _changes(workspace, run))


def _what_to_bring(tracking: Tracking, run: RunRecord, now: DataCard) -> str:
    """Say which file is another than that of the run."""
    then = DataCard.model_validate_json(_text(tracking, run.id, "data_card.json"))
    if then.labelled_sha256 == now.labelled_sha256:
        alone = f", which has the SHA-256 {then.input_sha256}" if not then.labelled_sha256 else ""
        return f"bring back its source{alone}, then `data run`"
    path = FOLDER / f"{then.name}.jsonl"
    if then.labelled_sha256 is None:
        return f"move {path} away, which the run did not have, then `data run`"
    return f"bring back {path} from a copy with the SHA-256 {then.labelled_sha256}, then `data run`"


def _changes(workspace: Workspace, run: RunRecord) -> list[str]:
    changes = []
    commit, then = read_commit(workspace.root), run.tags.get("git_commit", "")
    if then != (commit.sha or ""):
        changes.append(f"the commit was {then or 'none'}, and is {commit.sha or 'none'}")
    if run.tags.get("git_dirty") == "True" or commit.dirty:
        changes.append("the source has, or had, changes that are not committed")
    packages = json.loads(_text(workspace.tracking, run.id, "environment.json"))["packages"]
    for name in _WATCHED:
        try:
            now = version(name)
        except PackageNotFoundError:
            now = "not installed"
        if packages.get(name, "not installed") != now:
            changes.append(f"{name} was {packages.get(name, 'not installed')}, and is {now}")
    return changes


def _text(tracking: Tracking, run_id: str, path: str) -> str:
    with tracking.files(run_id, path) as place:
        return place.read_text(encoding="utf-8")
