"""Training of every weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ModelError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def unfreeze(model: PreTrainedModel | PeftModel) -> None:
    """Have every weight of a model trained.

    Raises
    ------
    ModelError
        If it has an adapter, or is quantised: its weights can't be trained then.
    """
    from peft import PeftModel

    if isinstance(model, PeftModel) or getattr(model, "is_quantized", False):
        raise ModelError(
            "a model with an adapter, or in four bits, can't be trained in full",
            hint="make another LLMTrainer for the method full",
        )
    for weight in model.parameters():
        weight.requires_grad = True
