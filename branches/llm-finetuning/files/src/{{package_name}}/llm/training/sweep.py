"""A search for training settings with Optuna: it goes on where an earlier one stopped, and ends bad trials early.

study → settings → training, with the validation loss reported as it goes → the lowest → the settings to use
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base_model import load_tokenizer
from ..config import LLMConfig, SpanConfig
from ..console import console
from ..errors import DataError, ModelError
from ..fine_tuning import LLMTrainer
from ..tracking import Recipe, record_training, recorded
from .token_store import prepare_rows

if TYPE_CHECKING:
    import optuna

    from ..workflow import TrainingPlan

EXPERIMENT = "llm-sweep"
DATABASE = "sweeps.db"


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


def run_sweep(plan: TrainingPlan, trials: int) -> Sweep:
    """Train with other settings again and again, and find those with the lowest validation loss.

    Parameters
    ----------
    plan : TrainingPlan
        Settings that stay, and in the section ``sweep`` those that are tried; rows, of which some must be for
        validation.
    trials : int
        Trials in all; those of an earlier search with the same model, data and space count.

    Raises
    ------
    DataError
        If there are no rows for validation.
    ModelError
        If no trial succeeded.
    """
    import optuna

    config = plan.config
    rows = prepare_rows(load_tokenizer(config.model), plan.dataset, config.training.loss, plan.tokens)
    if "validation" not in rows:
        raise DataError("a search needs rows for validation", hint="give more rows, or a dataset with that split")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{(plan.root / DATABASE).as_posix()}",
        study_name=_identify(config, {name: some.digest for name, some in rows.items()}),
        load_if_exists=True,
        direction="minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=config.sweep.startup),
    )
    study.sampler = optuna.samplers.TPESampler(seed=config.training.seed + len(study.trials))
    while _ended(study) < trials:
        study.optimize(lambda trial: _objective(trial, plan), n_trials=1, catch=(ModelError,))
    return _found(study)


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
