"""Weights in fewer bits, in place, with torchao."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from .methods import Method


def torchao() -> Any:
    """Give torchao, which has no types."""
    return import_module("torchao.quantization")


def quantize_weights(model: PreTrainedModel, method: Method, group_size: int) -> None:
    """Quantise all linear layers of a model, and its embeddings in 8 bits, in place.

    Embeddings that serve as the last layer too stay one matrix: in two they would take more space than before.
    `check_layers` says whether the method suits the layers.
    """
    torchao().quantize_(model, method.settings(group_size), _is_layer_of(model))
    _quantize_embeddings(model)


def train_quantized(model: PreTrainedModel, method: Method, group_size: int, train: Callable[[], None]) -> None:
    """Quantise as `quantize_weights` does, after a training in which all linear layers compute as if they were.

    Weights are rounded in each step, and gradients pass the rounding as if it were not there: https://arxiv.org/abs/1308.3432.
    """
    describe = import_module("torchao.quantization.qat").QATConfig
    torchao().quantize_(model, describe(method.settings(group_size), step="prepare"), _is_layer_of(model))
    train()
    torchao().quantize_(model, describe(method.settings(group_size), step="convert"), _is_layer_of(model))
    _quantize_embeddings(model)


def _is_layer_of(model: Any) -> Callable[[Any, str], bool]:
    """Say which parts are linear layers, the last one left out, which may be the embeddings too."""
    from torch import nn

    last = model.get_output_embeddings()
    return lambda part, _: isinstance(part, nn.Linear) and part is not last


def _quantize_embeddings(model: Any) -> None:
    embeddings, last = model.get_input_embeddings(), model.get_output_embeddings()
    tied = last is not None and last.weight is embeddings.weight
    torchao().quantize_(
        model,
        torchao().Int8WeightOnlyConfig(),
        lambda part, _: part is embeddings or (part is last and not tied),
    )
    if tied:
        last.weight = embeddings.weight


def check_layers(model: PreTrainedModel, method: Method, group_size: int) -> None:
    """Refuse a model whose layers a method can't quantise.

    Raises
    ------
    ModelError
        If there are no linear layers, or a row of weights can't be divided into groups.
    """
    is_layer = _is_layer_of(model)
    layers: list[tuple[str, Any]] = [(name, part) for name, part in model.named_modules() if is_layer(part, name)]
    if not layers:
        raise ModelError(
            f"{type(model).__name__} has no layers of torch.nn.Linear, and only those are quantised",
            hint="quantise a model of another family, such as Llama or Qwen",
        )
    for name, part in layers:
        if method.grouped and part.in_features % group_size:
            raise ModelError(
                f"{name} has {part.in_features} inputs, which are no whole groups of {group_size}",
                hint="set llm.quantization.group_size to a divisor, such as 32",
            )
