"""A search for parameters with Optuna: it goes on where an earlier one stopped, and cuts bad trials short.

study → for each trial: parameters → folds one after another, unless the first ones are bad → the best → `train`
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..logs import get_logger
from ..tracking.client import absolute_uri
from ..tracking.store import shown
from .algorithms import Algorithm, Choice, Span, find_algorithm
from .errors import ModelError
from .metrics import Metric
from .training import Recipe, divide, score_fold
from .workflow import Result, make_recipe, train_recipe
from .workspace import Workspace

if TYPE_CHECKING:
    import optuna

    from ..data import Splits

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Search:
    """What a search has found.

    Attributes
    ----------
    score
        Mean of the first metric in cross-validation.
    trials, pruned
        Of this search and those that it went on with: how many there were, and how many were cut short.
    """

    metric: str
    parameters: dict[str, Any]
    score: float
    trials: int
    pruned: int


def tune(workspace: Workspace, dataset: str, algorithm: str, trials: int | None = None) -> tuple[Search, Result]:
    """Search for the best parameters of an algorithm, and train a model with them.

    Parameters
    ----------
    trials
        In all, those of earlier searches on the same data included; `models.tuning.trials` if it is None.

    Raises
    ------
    ModelError
        If the algorithm has nothing to search for, or no trial succeeded.
    """
    splits = workspace.splits(dataset)
    recipe = make_recipe(workspace, splits.card, algorithm)
    chosen = find_algorithm(algorithm, splits.card.task)
    if not chosen.space:
        raise ModelError(f"{algorithm} has nothing to search for", hint="choose another algorithm")
    search = _search(workspace, recipe, chosen, splits, trials or workspace.models.tuning.trials)
    tuned = recipe.model_copy(update={"parameters": {**recipe.parameters, **search.parameters}})
    result = train_recipe(workspace, tuned, splits, {"tuned": "true", "trials": str(search.trials)})
    return search, result


def _search(workspace: Workspace, recipe: Recipe, algorithm: Algorithm, splits: Splits, trials: int) -> Search:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config = workspace.models.tuning
    metrics = workspace.metrics(splits.card.task)
    name, metric = next(iter(metrics.items()))
    uri = absolute_uri(config.storage or f"sqlite:///{workspace.tracking.artifacts}/studies.db", workspace.root)
    if uri.startswith("sqlite:"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    try:
        study = optuna.create_study(
            storage=uri,
            study_name=_study_name(recipe, name),
            load_if_exists=True,
            direction="maximize" if metric.greater_is_better else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=config.startup),
        )
    except Exception as error:  # SQLAlchemy, Alembic and Optuna each have errors of their own for a bad database
        raise ModelError(f"the searches in {shown(uri)} can't be used: {error}", hint="move that file away") from error
    study.sampler = optuna.samplers.TPESampler(seed=recipe.seed + len(study.trials))
    left = trials - len(study.trials)
    if left > 0:
        parts = divide(splits.train, splits.card, recipe)

        def objective(trial: optuna.Trial) -> float:
            tried = {name: _suggest(trial, name, values) for name, values in algorithm.space.items()}
            changed = recipe.model_copy(update={"parameters": {**recipe.parameters, **tried}})
            return _score(trial, changed, splits, {name: metric}, parts)

        study.optimize(objective, n_trials=left, timeout=config.timeout, catch=(ModelError,))
    return _found(study, name)


def _score(
    trial: optuna.Trial, recipe: Recipe, splits: Splits, metrics: dict[str, Metric], parts: list[tuple[Any, Any]]
) -> float:
    """Train on one fold after another; tell Optuna each mean so far, and stop where it says so."""
    import optuna

    scores: list[float] = []
    for step, part in enumerate(parts):
        scores += score_fold(recipe, splits.train, splits.card, metrics, part).values()
        mean = float(np.mean(scores))
        trial.report(mean, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return float(np.mean(scores))


def _suggest(trial: optuna.Trial, name: str, values: Span | Choice) -> str | int | float | bool | None:
    if isinstance(values, Choice):
        return trial.suggest_categorical(name, values.values)
    if values.whole:
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log)
    return trial.suggest_float(name, values.low, values.high, log=values.log)


def _found(study: optuna.Study, metric: str) -> Search:
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    pruned = study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))
    if not done:
        raise ModelError("no trial of the search succeeded", hint="look at the log, or raise models.tuning.timeout")
    best = study.best_trial
    _log.info("search ended", study=study.study_name, trials=len(study.trials), pruned=len(pruned))
    return Search(metric, dict(best.params), float(best.value or 0.0), len(study.trials), len(pruned))


def _study_name(recipe: Recipe, metric: str) -> str:
    """Name a search after all that its scores depend on: only then may another go on with it."""
    digest = hashlib.sha256(f"{recipe.model_dump_json()}{metric}".encode()).hexdigest()
    return f"{recipe.dataset}/{recipe.algorithm}/{digest[:16]}"
