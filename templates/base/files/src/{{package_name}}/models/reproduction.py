"""Training a recorded run once more, and holding the result to the first.

run → its recipe → is the data the same? → train with the configuration of then → compare the scores
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..data.card import DataCard
from ..data.labelled import FOLDER
from ..tracking.errors import TrackingError
from ..tracking.reproduction import Reproduction, Score, changes_since, read_text
from ..tracking.store import RunRecord, Tracking
from .backend import computing
from .errors import ModelError
from .metrics import find_metrics
from .target import predict_rows
from .training import Recipe, train
from .workspace import Workspace

if TYPE_CHECKING:
    from ..config import Config

_WATCHED = ("joblib", "lightgbm", "numpy", "pandas", "scikit-learn", "scipy")


def reproduce(config: Config, run: RunRecord) -> Reproduction:
    """Train a run's model again. Nothing is recorded.

    Raises
    ------
    ModelError
        If the run trained no model, or the data is not the same.
    """
    workspace = Workspace.open(config)
    try:
        recipe = Recipe.model_validate_json(read_text(workspace.tracking, run.id, "recipe.json"))
    except TrackingError as error:  # the store may be away, or the run's files may be gone
        raise ModelError(f"the recipe of the run {run.id} can't be read: {error.message}", hint=error.hint) from error
    except ValidationError as error:
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
    return Reproduction(run, scores, changes_since(workspace.tracking, run, workspace.root, _WATCHED))


def _what_to_bring(tracking: Tracking, run: RunRecord, now: DataCard) -> str:
    """Say which file is another than that of the run."""
    then = DataCard.model_validate_json(read_text(tracking, run.id, "data_card.json"))
    if then.labelled_sha256 == now.labelled_sha256:
        alone = f", which has the SHA-256 {then.input_sha256}" if not then.labelled_sha256 else ""
        return f"bring back its source{alone}, then `data run`"
    path = FOLDER / f"{then.name}.jsonl"
    if then.labelled_sha256 is None:
        return f"move {path} away, which the run did not have, then `data run`"
    return f"bring back {path} from a copy with the SHA-256 {then.labelled_sha256}, then `data run`"
