"""A search for training settings with Optuna: it goes on where an earlier one stopped, and ends bad trials early.

study → settings → training, with the validation loss reported as it goes → the lowest → the settings to use
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..base_model import load_tokenizer
from ..config import LLMConfig, SpanConfig
from ..console import console
from ..distributed.ray_launcher import call_on_ray
from ..errors import DataError, ModelError
from ..fine_tuning import LLMTrainer
from ..process import import_training_stack
from ..tracking import Recipe, record_training, recorded
from .token_store import prepare_rows

if TYPE_CHECKING:
    import optuna

    from ..workflow import TrainingPlan

EXPERIMENT = "llm-sweep"
JOURNAL = ".sweeps.journal"
"""File beside the checkpoints in which searches are kept."""


@dataclass(frozen=True)
class Sweep:
    """What a search has found.

    Attributes
    ----------
    settings : dict of str to Any
        Best values, by their keys in ``llm.training``.
    loss : float
        Lowest validation loss that they gave.
    trials, pruned : int
        Trials in all, those of earlier searches included, and how many were ended early.
    """

    settings: dict[str, Any]
    loss: float
    trials: int
    pruned: int


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster on which trials are done.

    Attributes
    ----------
    address : str
        ``auto``, ``local`` or ``ray://host:port``.
    at_once : int
        Trials that share its processors, where it has no GPUs; on GPUs each trial has one.
    """

    address: str
    at_once: int


def run_sweep(plan: TrainingPlan, trials: int, cluster: Cluster | None = None) -> Sweep:
    """Train with other settings again and again, and find those with the lowest validation loss.

    Parameters
    ----------
    plan : TrainingPlan
        Settings that stay, and in the section ``sweep`` those that are tried; rows, of which some must be for
        validation.
    trials : int
        Trials in all; those of an earlier search with the same model, data and space count.
    cluster : Cluster, optional
        Where trials are done at the same time; here, one after another, by default.

    Raises
    ------
    DataError
        If there are no rows for validation.
    ModelError
        If no trial succeeded, or the cluster fails.
    """
    config = plan.config
    rows = prepare_rows(load_tokenizer(config.model), plan.dataset, config.training.loss, plan.tokens)
    if "validation" not in rows:
        raise DataError("a search needs rows for validation", hint="give more rows, or a dataset with that split")
    name = _identify(config, {split: some.digest for split, some in rows.items()})
    study = _open(plan, name)
    left = range(len(study.trials), len(study.trials) + trials - _ended(study))
    if cluster is None:
        for number in left:
            try_settings(plan, name, number)
    elif left:
        calls = [partial(try_settings, plan, name, number) for number in left]
        call_on_ray(calls, address=cluster.address, device=config.model.device, at_once=cluster.at_once, root=plan.root)
    return _found(study)


def try_settings(plan: TrainingPlan, name: str, number: int) -> None:
    """Do one more trial of a search, in whatever process.

    Parameters
    ----------
    plan : TrainingPlan
        As `run_sweep` takes it.
    name : str
        Name of the search.
    number : int
        Number of the trial, by which it draws settings of its own.
    """
    import_training_stack()
    study = _open(plan, name, number)
    study.optimize(lambda trial: _objective(trial, plan), n_trials=1, catch=(ModelError,))


def _open(plan: TrainingPlan, name: str, number: int = 0) -> optuna.Study:
    """Open a search; its journal is a file to which processes of all machines that share it can write at once."""
    import optuna
    from optuna.storages import journal

    path = str(plan.checkpoints / JOURNAL)
    backend = journal.JournalFileBackend(path, lock_obj=journal.JournalFileOpenLock(path))
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name=name,
        load_if_exists=True,
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=plan.config.training.seed + number, constant_liar=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=plan.config.sweep.startup),
    )


def _objective(trial: optuna.Trial, plan: TrainingPlan) -> float:
    import optuna

    config = plan.config
    tried = {name: _suggest(trial, name, span) for name, span in config.sweep.space.items()}
    content = {**config.training.model_dump(), **tried}
    changed = config.model_copy(update={"training": type(config.training).model_validate(content)})
    recipe = Recipe.make(changed, plan.dataset, plan.source)
    losses: list[float] = []
    with record_training(plan.store, plan.root, EXPERIMENT, recipe, {"trial": str(trial.number)}) as run:

        def follow(step: int, last_step: int, measured: Mapping[str, float]) -> None:
            if "eval_loss" in measured:
                losses.append(measured["eval_loss"])
                trial.report(losses[-1], step)
                if trial.should_prune() and step < last_step:
                    raise optuna.TrialPruned

        try:
            trainer = LLMTrainer.from_config(changed, plan.tokens)
            trainer.fine_tune(plan.dataset, on_progress=recorded(run, recipe.device, follow))
        except optuna.TrialPruned:
            console.print(f"trial {trial.number}: ended early at {losses[-1]:.3f}, {_text(tried)}", soft_wrap=True)
            run.log_metrics({"best_eval_loss": min(losses), "pruned": 1.0})
            pruned = True
        else:
            console.print(f"trial {trial.number}: {min(losses):.3f}, {_text(tried)}", soft_wrap=True)
            run.log_metrics({"best_eval_loss": min(losses)})
            pruned = False
    if pruned:
        raise optuna.TrialPruned
    return min(losses)


def _suggest(trial: optuna.Trial, name: str, span: SpanConfig) -> Any:
    if span.choices:
        return trial.suggest_categorical(name, list(span.choices))
    if isinstance(span.low, int) and isinstance(span.high, int):
        return trial.suggest_int(name, span.low, span.high, log=span.log)
    return trial.suggest_float(name, float(span.low or 0), float(span.high or 0), log=span.log)


def _found(study: optuna.Study) -> Sweep:
    from optuna.trial import TrialState

    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise ModelError("no trial of the search succeeded", hint="narrow llm.sweep.space: rates may be too high")
    pruned = study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))
    return Sweep(dict(study.best_params), study.best_value, _ended(study), len(pruned))


def _ended(study: optuna.Study) -> int:
    """Count the trials that came to an end; one whose process was killed did not."""
    return sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))


def _identify(config: LLMConfig, digests: Mapping[str, str]) -> str:
    """Name a search after all that its losses depend on: only then may another go on with it."""
    fixed = config.model_dump(mode="json", include={"model", "training", "sweep"})
    for name in (*config.sweep.space, "name", "profile", "keep_states"):
        fixed["training"].pop(name, None)
    fixed["sweep"].pop("trials")
    digest = hashlib.sha256(json.dumps([fixed, digests], sort_keys=True).encode()).hexdigest()
    return f"{config.training.name}-{digest[:16]}"


def _text(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
    )
