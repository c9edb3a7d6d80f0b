"""Fine-tuning of language models: documents, pairs, training, evaluation, checkpoints."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .parts import has_part

if TYPE_CHECKING:
    from .data.building import TrainingDataGenerator
    from .evaluation.evaluator import LLMEvaluator
    from .fine_tuning import LLMTrainer
    from .training.checkpointing import CheckpointManager

# By default PyTorch's threads wait for each other in a busy loop. Where another process wants a core too, a step of a
# small model then takes up to ten times as long. It must be set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__all__ = ["CheckpointManager", "LLMEvaluator", "LLMTrainer", "TrainingDataGenerator"]

_HOMES = {
    "CheckpointManager": ".training.checkpointing",
    "LLMEvaluator": ".evaluation.evaluator",
    "LLMTrainer": ".fine_tuning",
    "TrainingDataGenerator": ".data.building",
}

if has_part("serving"):  # it is a part of the project that can be left out
    __all__ += ["ModelServer"]
    _HOMES["ModelServer"] = ".serving.server"


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: torch and its friends take seconds to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
