"""Choosing a method: the smallest model that keeps within the limits of the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import ModelError
from .config import QuantizationConfig

if TYPE_CHECKING:
    from .quantizing import Trial

MB = 1e6
_ALIKE = 1.02  # what describes the weights makes files of one method a little larger than of another


def breaches(trial: Trial, limits: QuantizationConfig) -> list[str]:
    """Say which limits a quantised model does not keep."""
    size, taken = trial.size / MB, trial.speed.after
    found = []
    loss, most = trial.loss, limits.max_loss_points
    if loss.points > most:
        found.append(f"loses {loss.points:.1f} points, more than {most:g}")
    elif loss.high > most:
        told = f"about {loss.more} more questions would tell"
        found.append(f"may lose {loss.high:.1f} points, more than {most:g}: {told}")
    if limits.max_size_mb and size > limits.max_size_mb:
        found.append(f"has {size:.2f} MB, more than {limits.max_size_mb:g}")
    if limits.max_latency_ms and taken > limits.max_latency_ms:
        found.append(f"takes {taken:.0f} ms, more than {limits.max_latency_ms:g}")
    return found


def contenders(trials: Sequence[Trial], limits: QuantizationConfig) -> list[Trial]:
    """Give the models that keep within the limits and are within 2 % of the smallest: one of them is chosen."""
    kept = [trial for trial in trials if not breaches(trial, limits)]
    smallest = min((trial.size for trial in kept), default=0)
    return [trial for trial in kept if trial.size <= _ALIKE * smallest]


def choose(trials: Sequence[Trial], limits: QuantizationConfig) -> Trial:
    """Give the smallest model within the limits, and of those within 2 % of its size the one that loses less.

    Raises
    ------
    ModelError
        If none keeps within them.
    """
    alike = contenders(trials, limits)
    if not alike:
        told = "; ".join(f"{trial.method.name} {' and '.join(breaches(trial, limits))}" for trial in trials)
        raise ModelError(
            f"no method keeps within the limits: {told}",
            hint="raise max_loss_points, max_size_mb or max_latency_ms in conf/llm/quantization.yaml",
        )
    return min(alike, key=lambda trial: (trial.loss.points, trial.size))
