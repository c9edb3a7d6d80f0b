"""What a model can be trained with. Plugins add more under the entry points `<package>.algorithms`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..config.settings import one_of
from ..data.card import Task
from ..plugins import find_plugins
from .errors import ModelError

Estimator = Any  # scikit-learn has no types
Both: tuple[Task, ...] = ("classification", "regression")


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers that a search may try, both ends included."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Values that a search may try."""

    values: tuple[str | int | float | bool | None, ...]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A way to train.

    Attributes
    ----------
    make
        Takes the task and a seed; gives an estimator of scikit-learn's kind, not fitted. A classifier has
        `predict_proba`.
    space
        What a search may change, by the name of the parameter.
    tasks
        What it can do.
    trusted
        Types in the model's file, beyond those of numpy and scikit-learn, that loading may create.
    """

    make: Callable[[Task, int], Estimator]
    space: Mapping[str, Span | Choice]
    tasks: tuple[Task, ...] = Both
    trusted: tuple[str, ...] = ()


def find_algorithm(name: str, task: Task) -> Algorithm:
    """Load an algorithm.

    Raises
    ------
    ModelError
        If there is none of this name, or it can't do the task.
    PluginError
        If its plugin is broken.
    """
    plugins = find_plugins("algorithms")
    if name not in plugins:
        raise ModelError(f"there is no algorithm {name!r}", hint=one_of(name, list(plugins)))
    algorithm = plugins[name].load()
    if not isinstance(algorithm, Algorithm):
        raise plugins[name].error(f"it is a {type(algorithm).__name__}, not an Algorithm")
    if task not in algorithm.tasks:
        raise ModelError(f"the algorithm {name!r} can't do {task}", hint=f"it does: {', '.join(algorithm.tasks)}")
    return replace(algorithm, make=plugins[name].guard(algorithm.make))


def make_estimator(name: str, task: Task, seed: int, parameters: Mapping[str, Any]) -> Estimator:
    """Make an estimator with its parameters.

    Raises
    ------
    ModelError
        If the algorithm is unknown, or has no such parameter.
    PluginError
        If its plugin is broken.
    """
    estimator = find_algorithm(name, task).make(task, seed)
    known = estimator.get_params()
    for parameter in parameters:
        if parameter not in known:
            raise ModelError(f"{name} has no parameter {parameter!r}", hint=one_of(parameter, list(known)))
    return estimator.set_params(**parameters)


def _baseline(task: Task, seed: int) -> Estimator:
    from sklearn.dummy import DummyClassifier, DummyRegressor

    return DummyClassifier(strategy="prior") if task == "classification" else DummyRegressor(strategy="mean")


def _logistic(task: Task, seed: int) -> Estimator:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0, max_iter=2000, random_state=seed)


def _ridge(task: Task, seed: int) -> Estimator:
    from sklearn.linear_model import Ridge

    return Ridge(alpha=1.0, random_state=seed)


def _random_forest(task: Task, seed: int) -> Estimator:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if task == "classification" else RandomForestRegressor
    return kind(n_estimators=100, min_samples_leaf=2, random_state=seed)


def _gradient_boosting(task: Task, seed: int) -> Estimator:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor
    return kind(max_iter=100, early_stopping=False, random_state=seed)


def _lightgbm(task: Task, seed: int) -> Estimator:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if task == "classification" else LGBMRegressor
    return kind(n_estimators=100, random_state=seed, n_jobs=1, deterministic=True, force_row_wise=True, verbose=-1)


def _nearest_neighbours(task: Task, seed: int) -> Estimator:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    kind = KNeighborsClassifier if task == "classification" else KNeighborsRegressor
    return kind(n_neighbors=10, weights="distance")


_BOOSTING = {
    "learning_rate": Span(0.01, 0.3, log=True),
    "max_leaf_nodes": Span(7, 63, log=True, whole=True),
    "min_samples_leaf": Span(5, 60, log=True, whole=True),
    "l2_regularization": Span(1e-3, 10, log=True),
}

BASELINE = Algorithm(_baseline, {})
LOGISTIC = Algorithm(_logistic, {"C": Span(1e-3, 1e2, log=True)}, ("classification",))
RIDGE = Algorithm(_ridge, {"alpha": Span(1e-3, 1e3, log=True)}, ("regression",))
RANDOM_FOREST = Algorithm(
    _random_forest,
    {
        "n_estimators": Span(50, 300, whole=True),
        "max_depth": Choice((None, 4, 8, 16)),
        "min_samples_leaf": Span(1, 20, log=True, whole=True),
        "max_features": Choice(("sqrt", 0.3, 0.6, 1.0)),
    },
    trusted=("sklearn.tree._tree.Tree",),
)
GRADIENT_BOOSTING = Algorithm(
    _gradient_boosting, _BOOSTING, trusted=("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
)
LIGHTGBM = Algorithm(
    _lightgbm,
    {
        "learning_rate": Span(0.01, 0.3, log=True),
        "num_leaves": Span(7, 63, log=True, whole=True),
        "min_child_samples": Span(5, 60, log=True, whole=True),
        "reg_lambda": Span(1e-3, 10, log=True),
    },
    trusted=(
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRegressor",
    ),
)
NEAREST_NEIGHBOURS = Algorithm(
    _nearest_neighbours,
    {"n_neighbors": Span(1, 50, log=True, whole=True), "weights": Choice(("uniform", "distance")), "p": Choice((1, 2))},
    trusted=(
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
    ),
)
