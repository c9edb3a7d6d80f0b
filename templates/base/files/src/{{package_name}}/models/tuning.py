"""A search for parameters with Optuna: it goes on where an earlier one stopped, and cuts bad trials short.

study → some trials at once: parameters → folds one after another, unless the first ones are bad → the best → `train`
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from ..disk import room_for
from ..logs import get_logger
from ..tracking.client import absolute_uri
from ..tracking.store import shown
from ..tracking.weights_and_biases import refuse_missing
from .algorithms import Algorithm, Choice, Span, find_algorithm
from .backend import Compute, computing
from .errors import ModelError
from .metrics import Metric
from .training import Recipe, divide, score_fold
from .workflow import Result, make_recipe, train_recipe
from .workspace import Workspace

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from ..data import DataCard, Splits

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
    refuse_missing(workspace.wandb)
    splits = workspace.splits(dataset)
    recipe = make_recipe(workspace, splits.card, algorithm)
    chosen = find_algorithm(algorithm, splits.card.task)
    if not chosen.space:
        raise ModelError(f"{algorithm} has nothing to search for", hint="choose another algorithm")
    name, metric = next(iter(workspace.metrics(splits.card.task).items()))
    parts = divide(splits.train, splits.card, recipe)
    with room_for(f"the search on {dataset}", ModelError), computing(workspace.models) as compute:
        work = _Work(recipe, chosen, splits, {name: metric}, parts, compute)
        search = _search(workspace, work, trials or workspace.models.tuning.trials)
        tuned = recipe.model_copy(update={"parameters": {**recipe.parameters, **search.parameters}})
        result = train_recipe(workspace, tuned, splits, compute, {"tuned": "true", "trials": str(search.trials)})
    return search, result


@dataclass(frozen=True, slots=True)
class _Work:
    """What all trials of a search share."""

    recipe: Recipe
    algorithm: Algorithm
    splits: Splits
    metrics: dict[str, Metric]
    parts: list[tuple[Any, Any]]
    compute: Compute


def _search(workspace: Workspace, work: _Work, trials: int) -> Search:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config = workspace.models.tuning
    name, metric = next(iter(work.metrics.items()))
    study = _open_study(workspace, _study_name(work.recipe, name), metric)
    seed = work.recipe.seed + len(study.trials)
    study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=config.at_once > 1)
    end = time.monotonic() + (config.timeout or math.inf)
    while (left := trials - len(study.trials)) > 0 and time.monotonic() < end:
        _run(study, min(left, config.at_once), work)
    return _found(study, name)


def _open_study(workspace: Workspace, name: str, metric: Metric) -> optuna.Study:
    import optuna

    config = workspace.models.tuning
    uri = absolute_uri(config.storage or f"sqlite:///{workspace.tracking.artifacts}/studies.db", workspace.root)
    if uri.startswith("sqlite:"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    try:
        return optuna.create_study(
            storage=uri,
            study_name=name,
            load_if_exists=True,
            direction="maximize" if metric.greater_is_better else "minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=config.startup),
        )
    except Exception as error:  # SQLAlchemy, Alembic and Optuna each have errors of their own for a bad database
        raise ModelError(f"the searches in {shown(uri)} can't be used: {error}", hint="move that file away") from error


def _run(study: optuna.Study, count: int, work: _Work) -> None:
    """Compute some trials at once, one fold after another; end each that Optuna finds bad by its mean so far."""
    from optuna.trial import TrialState

    alive = [study.ask() for _ in range(count)]
    recipes = {trial.number: _recipe(trial, work) for trial in alive}
    scores: dict[int, list[float]] = {trial.number: [] for trial in alive}
    rows, card = work.splits.train, work.splits.card
    try:
        for step, part in enumerate(work.parts):
            calls = [joblib.delayed(_score)(recipes[t.number], rows, card, work.metrics, part) for t in alive]
            for trial, score in zip(alive[:], work.compute(calls), strict=True):
                scores[trial.number].append(score)
                mean = float(np.mean(scores[trial.number]))
                trial.report(mean, step)
                if not math.isfinite(mean) or trial.should_prune():
                    alive.remove(trial)
                    study.tell(trial, state=TrialState.PRUNED if math.isfinite(mean) else TrialState.FAIL)
        while alive:
            trial = alive.pop()
            study.tell(trial, float(np.mean(scores[trial.number])))
    finally:
        for trial in alive:
            study.tell(trial, state=TrialState.FAIL)


def _recipe(trial: optuna.Trial, work: _Work) -> Recipe:
    tried = {name: _suggest(trial, name, values) for name, values in work.algorithm.space.items()}
    return work.recipe.model_copy(update={"parameters": {**work.recipe.parameters, **tried}})


def _score(
    recipe: Recipe, frame: pd.DataFrame, card: DataCard, metrics: dict[str, Metric], part: tuple[Any, Any]
) -> float:
    """Measure parameters on one fold. Those that the algorithm refuses score nothing."""
    try:
        return next(iter(score_fold(recipe, frame, card, metrics, part).values()))
    except ModelError as error:
        _log.warning("a trial failed", parameters=recipe.parameters, reason=error.message)
        return math.nan


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
