"""The trained weights as they were when a run began, in a file: in memory they would take room during all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...disk import room_for
from ..errors import ModelError

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import nn
    from transformers import PreTrainedModel

FILE = "first.safetensors"


def trained_weights(model: PreTrainedModel | PeftModel) -> Iterator[tuple[str, nn.Parameter]]:
    """Give the weights that are trained, by name."""
    return ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad)


def keep_weights(model: PreTrainedModel | PeftModel, folder: Path) -> None:
    """Write the trained weights to a folder.

    Raises
    ------
    ModelError
        If there is no room for them.
    """
    from safetensors.torch import save_file

    weights = {name: weight.detach().contiguous() for name, weight in trained_weights(model)}
    with room_for(f"the weights that the run begins with in {folder}", ModelError):
        save_file(weights, folder / FILE)


def put_back(model: PreTrainedModel | PeftModel, folder: Path) -> None:
    """Give the trained weights the values that they were kept with, and forget their gradients."""
    import torch
    from safetensors import safe_open

    with safe_open(folder / FILE, framework="pt") as kept, torch.no_grad():
        for name, weight in trained_weights(model):
            weight.copy_(kept.get_tensor(name))
            weight.grad = None
