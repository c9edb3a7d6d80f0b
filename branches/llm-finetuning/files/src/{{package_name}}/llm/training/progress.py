"""What a run tells as it goes, and what it did: measures, curves and the result."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ModelError

if TYPE_CHECKING:
    from transformers import TrainerCallback

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called with the step, the last step and what was measured there: ``loss`` or ``eval_loss``, and what goes with it."""

MEASURED = {
    "loss": "loss",
    "eval_loss": "eval_loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "mean_token_accuracy": "token_accuracy",
    "eval_mean_token_accuracy": "eval_token_accuracy",
    "reward": "reward",
    "rewards/accuracies": "reward_accuracy",
    "rewards/margins": "reward_margin",
    "accuracy": "reward_accuracy",
    "margin": "reward_margin",
}


@dataclass
class TrainingResult:
    """What a training run did.

    Attributes
    ----------
    steps : int
        Optimiser steps taken.
    seconds : float
        Wall time of the training loop.
    trainable_parameters, parameters : int
        Weights that were trained, and all weights.
    history : dict of str to list of dict
        Points ``{"step", "loss", "token_accuracy"}`` of the curves ``train`` and ``validation``.
    batch_size, gradient_accumulation : int
        Those that fitted into memory.
    best_step : int or None
        Step whose weights the model has: that with the lowest validation loss, where states were kept.
    """

    steps: int = 0
    seconds: float = 0.0
    trainable_parameters: int = 0
    parameters: int = 0
    history: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    batch_size: int = 0
    gradient_accumulation: int = 0
    best_step: int | None = None


def read_history(log: Sequence[Mapping[str, float]]) -> dict[str, list[dict[str, float]]]:
    """Give the curves of a run: points with the step, the loss and the token accuracy.

    Examples
    --------
    >>> read_history([{"step": 2, "loss": 0.5, "mean_token_accuracy": 0.9}])["train"]
    [{'step': 2.0, 'loss': 0.5, 'token_accuracy': 0.9}]
    """
    curves: dict[str, list[dict[str, float]]] = {"train": [], "validation": []}
    for logs in log:
        for prefix, curve in (("", "train"), ("eval_", "validation")):
            if f"{prefix}loss" in logs:
                point = {"step": float(logs["step"]), "loss": float(logs[f"{prefix}loss"])}
                if (accuracy := logs.get(f"{prefix}mean_token_accuracy")) is not None:
                    point["token_accuracy"] = float(accuracy)
                curves[curve].append(point)
    return curves


def progress_callback(on_progress: Progress | None) -> TrainerCallback:
    """Make the callback that tells about progress and stops at a loss that is no number."""
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

    class Told(TrainerCallback):
        last = (time.monotonic(), 0.0)

        def on_log(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            logs: Mapping[str, float] | None = None,
            **kwargs: Any,
        ) -> None:
            measured = {name: float(logs[key]) for key, name in MEASURED.items() if key in logs} if logs else {}
            if "loss" not in measured and "eval_loss" not in measured:
                return
            lost = measured.get("eval_loss", measured.get("loss", 0.0))
            if not math.isfinite(lost):
                curve = "validation" if "eval_loss" in measured else "train"
                raise ModelError(
                    f"the {curve} loss is {lost} at step {state.global_step}",
                    hint="lower llm.training.learning_rate",
                )
            if logs and "loss" in measured and "num_tokens" in logs:
                now, seen = time.monotonic(), float(logs["num_tokens"])
                measured["tokens_per_second"] = (seen - self.last[1]) / max(now - self.last[0], 1e-9)
                self.last = now, seen
            if on_progress and state.is_world_process_zero:
                on_progress(state.global_step, state.max_steps, measured)

    return Told()
