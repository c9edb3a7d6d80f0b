"""The workflow of `models train`.

dataset → for each algorithm: train → evaluate → record → register → card; then the best becomes the challenger
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..disk import room_for
from ..logs import get_logger
from ..monitoring.reference import REFERENCE, make_reference
from ..plugins import PluginError
from ..tracking.errors import TrackingError
from ..tracking.provenance import read_commit, read_environment
from ..tracking.weights_and_biases import open_run, refuse_missing
from .algorithms import make_estimator
from .backend import Compute, computing
from .card import Judged, write_card
from .errors import ModelError
from .evaluation import Evaluation, evaluate
from .plots import draw
from .registry import CHALLENGER, Description, Version, register, set_alias, write_files
from .signature import Signature
from .training import Recipe, Trained, train
from .workspace import Workspace

if TYPE_CHECKING:
    from ..data import DataCard, Splits

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """One trained and registered model."""

    version: Version
    recipe: Recipe
    trained: Trained
    evaluation: Evaluation


def make_recipe(
    workspace: Workspace, card: DataCard, algorithm: str, parameters: Mapping[str, Any] | None = None
) -> Recipe:
    """Fill a recipe from the configuration.

    Parameters
    ----------
    parameters
        Win over those of `models.parameters`.

    Raises
    ------
    ModelError
        If the algorithm or a parameter is unknown.
    """
    config = workspace.models
    chosen = {**config.parameters.get(algorithm, {}), **(parameters or {})}
    make_estimator(algorithm, card.task, config.seed, chosen)
    return Recipe(
        dataset=card.name,
        input_sha256=card.input_sha256,
        algorithm=algorithm,
        parameters=chosen,
        features=workspace.features,
        calibration=config.calibration,
        folds=config.folds,
        seed=config.seed,
    )


def train_models(
    workspace: Workspace,
    dataset: str,
    algorithms: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> list[Result]:
    """Train models of a dataset, the best first, which becomes the challenger.

    Parameters
    ----------
    algorithms
        By name; those of the configuration if there are none, without those whose plugin is broken.
    tags
        More tags of the runs.

    Raises
    ------
    ModelError
        If an algorithm is unknown, or the data can't be learned from.
    PluginError
        If the plugin of an algorithm that was named is broken, or those of all that are configured.
    TrackingError
        If the store of runs fails on the way. What was made by then is kept in a folder, which the error names.
    """
    refuse_missing(workspace.wandb)
    splits = workspace.splits(dataset)
    card = splits.card
    metrics = workspace.metrics(card.task)
    recipes = [make_recipe(workspace, card, name, parameters) for name in dict.fromkeys(algorithms)]
    recipes = recipes or _configured(workspace, card, parameters)
    with computing(workspace.models) as compute:
        results = [train_recipe(workspace, recipe, splits, compute, tags) for recipe in recipes]
    name, first = next(iter(metrics.items()))
    results.sort(key=lambda result: first.sign * result.trained.mean(name), reverse=True)
    set_alias(workspace.tracking, results[0].version, CHALLENGER)
    _log.info("challenger chosen", model=dataset, version=results[0].version.number, by=name)
    return results


def _configured(workspace: Workspace, card: DataCard, parameters: Mapping[str, Any] | None) -> list[Recipe]:
    """Make the recipes of the configuration. An algorithm whose plugin is broken is skipped, unless none is left."""
    recipes: list[Recipe] = []
    broken: list[PluginError] = []
    for name in dict.fromkeys(workspace.task(card.task).algorithms):
        try:
            recipes.append(make_recipe(workspace, card, name, parameters))
        except PluginError as error:
            _log.warning("algorithm skipped", algorithm=name, reason=error.message)
            broken.append(error)
    if not recipes:
        raise broken[0]
    return recipes


def train_recipe(
    workspace: Workspace, recipe: Recipe, splits: Splits, compute: Compute, tags: Mapping[str, str] | None = None
) -> Result:
    """Train, evaluate, record and register one model."""
    card, measuring = splits.card, workspace.measuring(splits.card.task)
    trained = train(recipe, splits.train, card, measuring.metrics, compute)
    found, rows = evaluate(trained.pipeline, splits.validation, card, measuring, "validation")
    signature = Signature.of(card, trained.pipeline)
    description = Description(signature=signature, recipe=recipe, card=card)
    reference = make_reference(splits.train, signature, card.of_role("time"), rows, found.metrics)
    judged = Judged(description, trained, found, rows, measuring.metrics, reference)
    what = f"the model {recipe.algorithm} of {recipe.dataset}"
    with room_for(what, ModelError), _scratch(workspace, recipe) as folder:
        version = _record(workspace, judged, dict(tags or {}), folder)
    return Result(version, recipe, trained, found)


def _record(workspace: Workspace, judged: Judged, tags: dict[str, str], scratch: Path) -> Version:
    description = judged.description
    recipe = description.recipe
    commit = read_commit(workspace.root)
    model, files = scratch / "model", scratch / "run"
    model.mkdir()
    files.mkdir()
    checksums = write_files(judged.trained.pipeline, description, model, workspace.models.trusted)
    _write(files, workspace, judged)
    tags |= {"dataset": recipe.dataset, "algorithm": recipe.algorithm, "task": description.card.task}
    tags |= {"input_sha256": recipe.input_sha256, "git_commit": commit.sha or "", "git_dirty": str(commit.dirty)}
    tags["metric"] = next(iter(judged.metrics))
    with open_run(workspace.tracking, workspace.wandb, recipe.dataset, recipe.algorithm, tags) as run:
        run.log_params(recipe.model_dump())
        run.log_metrics(_numbers(judged.trained, judged.evaluation))
        run.log_folder(files)
        version = register(run, recipe.dataset, model, {**tags, **checksums})
        run.log_text(write_card(version, judged, commit), "model_card.md")
    return version


def _write(folder: Path, workspace: Workspace, judged: Judged) -> None:
    description = judged.description
    texts = {
        "config.json": workspace.config_text(),
        "environment.json": json.dumps(read_environment(), indent=2),
        "data_card.json": description.card.model_dump_json(indent=2),
        "recipe.json": description.recipe.model_dump_json(indent=2),
        "evaluation.json": judged.evaluation.model_dump_json(indent=2),
        REFERENCE: judged.reference.model_dump_json(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")
    draw(judged.evaluation, judged.rows, folder / "plots")


def _numbers(trained: Trained, found: Evaluation) -> dict[str, float]:
    numbers = {"fit_seconds": trained.seconds}
    for name, measured in found.metrics.items():
        numbers[f"cv_{name}"] = trained.mean(name)
        for part, value in (("", measured.value), ("_low", measured.low), ("_high", measured.high)):
            if value is not None:
                numbers[f"{found.split}_{name}{part}"] = value
    if found.calibration:
        numbers[f"{found.split}_calibration_error"] = found.calibration.error
    return numbers


@contextmanager
def _scratch(workspace: Workspace, recipe: Recipe) -> Iterator[Path]:
    """Lend a folder, which is kept if its content can't be recorded."""
    scratch = Path(tempfile.mkdtemp(prefix="model-"))
    try:
        yield scratch
    except TrackingError as error:
        kept = _keep(scratch, workspace, recipe)
        raise TrackingError(error.message, hint=f"{error.hint}; what was made so far is in {kept}") from error
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    shutil.rmtree(scratch, ignore_errors=True)


def _keep(scratch: Path, workspace: Workspace, recipe: Recipe) -> Path:
    kept = workspace.tracking.artifacts / "unsent" / f"{recipe.dataset}-{recipe.algorithm}-{time.time_ns()}"
    try:
        shutil.copytree(scratch, kept)
    except OSError as error:
        _log.error("what was made could not be kept there", folder=str(kept), reason=str(error))
        shutil.rmtree(kept, ignore_errors=True)
        return scratch
    shutil.rmtree(scratch, ignore_errors=True)
    return kept
