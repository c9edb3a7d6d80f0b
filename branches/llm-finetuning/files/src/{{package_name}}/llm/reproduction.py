"""Doing a training run again: the same losses come out on the same device.

run → recipe → are the rows the same? → train with the configuration of then → compare the losses by step
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..tracking.client import open_tracking
from ..tracking.config import TrackingConfig
from ..tracking.errors import TrackingError
from ..tracking.reproduction import Reproduction, Score, changes_since, read_text
from ..tracking.store import Curves, RunRecord, Tracking
from .base_model import pick_device
from .config import LLMConfig
from .distributed.multi_node import world_size
from .errors import ModelError
from .tracking import RECIPE, SUPERVISED, Recipe, digest_of
from .use_case import open_use_case
from .workflow import TrainingPlan, prefer

if TYPE_CHECKING:
    from ..config import Config
    from .training.progress import Progress

COMPARED = ("loss", "eval_loss")
WATCHED = ("accelerate", "peft", "tokenizers", "torch", "transformers", "trl")


def reproduce(config: Config, run: RunRecord) -> Reproduction:
    """Train as a run did, and compare the losses at each step. Nothing is recorded or saved.

    Raises
    ------
    ModelError
        If its recipe can't be read, or the data is not the same.
    """
    settings = config.group("tracking", TrackingConfig)
    tracking = open_tracking(settings, config.root)
    recipe, now = _recipe(tracking, run)
    made_from = config.root / (recipe.source.documents or open_use_case(now).source)
    plan = TrainingPlan.make(now, config.root, made_from, recipe.source.dataset, settings)
    if digest_of(plan.dataset) != recipe.data_sha256:
        raise ModelError(
            f"{recipe.source} is not the data of the run {run.id}",
            hint=f"bring back the rows with the SHA-256 {recipe.data_sha256}, by git or from a copy",
        )
    changes = changes_since(tracking, run, config.root, WATCHED)
    device = pick_device(now.model.device).type
    if device != recipe.device:
        changes.append(f"it was trained on {recipe.device}, and is on {device}")
    if world_size() != recipe.processes:
        changes.append(f"it was trained by {recipe.processes} processes, and is by {world_size()}")
    again: defaultdict[str, dict[int, float]] = defaultdict(dict)

    def on_progress(step: int, last_step: int, measured: Mapping[str, float]) -> None:
        for name in COMPARED:
            if name in measured:
                again[name][step] = measured[name]

    _train(plan, recipe, on_progress)
    return Reproduction(run, _scores(tracking.curves(run), again), changes)


def _train(plan: TrainingPlan, recipe: Recipe, on_progress: Progress) -> None:
    from .process import import_training_stack

    import_training_stack()
    from .fine_tuning import LLMTrainer

    if recipe.method == SUPERVISED:
        LLMTrainer.from_config(plan.config, plan.tokens).fine_tune(plan.dataset, on_progress=on_progress)
    else:
        prefer(plan, recipe.method, recipe.checkpoint, on_progress, recipe.reward_model)


def _recipe(tracking: Tracking, run: RunRecord) -> tuple[Recipe, LLMConfig]:
    try:
        recipe = Recipe.model_validate_json(read_text(tracking, run.id, RECIPE))
        return recipe, LLMConfig.model_validate(recipe.config)
    except (TrackingError, ValidationError) as error:
        message = f"the run {run.id} has no recipe that this version of the project knows"
        raise ModelError(message, hint=f"check out its commit: {run.tags.get('git_commit') or 'unknown'}") from error


def _scores(first: Curves, again: Mapping[str, Mapping[int, float]]) -> list[Score]:
    """Pair the losses of steps that both have: a run that was ended early, or that was resumed, lacks some."""
    return [
        Score(f"{name} at step {step}", value, again[name][step])
        for name in COMPARED
        for step, value in first.get(name, ())
        if step in again.get(name, ())
    ]
