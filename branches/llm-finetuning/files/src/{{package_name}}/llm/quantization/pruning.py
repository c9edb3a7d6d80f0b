"""Leaving out the layers that change least what they are given.

A layer's influence is one less the mean cosine of what it is given and what it gives, over all tokens:
https://arxiv.org/abs/2403.03853.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from .recovery import padded

if TYPE_CHECKING:
    from ..training.data_preparation import TokenRow

_AT_ONCE = 16


def influences(model: Any, rows: Sequence[TokenRow], padding: int) -> list[float]:
    """Measure how much each layer of a model changes, from 0 to 2, in the order of the layers.

    Raises
    ------
    ModelError
        If the model has no list of layers.
    """
    import torch

    layers = _layers(model)[1]
    changed, tokens = [0.0] * len(layers), 0
    there: Any = None

    def measure(number: int) -> Any:
        def hook(_layer: Any, given: tuple[Any, ...], gives: Any) -> None:
            output = gives[0] if isinstance(gives, tuple) else gives
            cosine = torch.nn.functional.cosine_similarity(given[0].float(), output.float(), dim=-1)  # (rows, tokens)
            changed[number] += float((1 - cosine)[there.bool()].sum())

        return hook

    hooks = [layer.register_forward_hook(measure(number)) for number, layer in enumerate(layers)]
    try:
        for start in range(0, len(rows), _AT_ONCE):
            ids, there, _ = padded(rows[start : start + _AT_ONCE], padding, model.device)
            with torch.inference_mode():
                model(ids, attention_mask=there)
            tokens += int(there.sum())
    finally:
        for hook in hooks:
            hook.remove()
    return [one / tokens for one in changed]


def drop_layers(model: Any, influence: Sequence[float], share: float) -> list[int]:
    """Leave out the layers of least influence, in place.

    Parameters
    ----------
    model : PreTrainedModel
        What becomes shallower.
    influence : sequence of float
        Of each layer, as `influences` gives it.
    share : float
        Share of the layers to leave out; one goes at least.

    Returns
    -------
    list of int
        Which are gone.

    Raises
    ------
    ModelError
        If none would be left.
    """
    from torch import nn

    name, layers = _layers(model)
    count = max(1, round(share * len(layers)))
    if count >= len(layers):
        raise ModelError(
            f"of {len(layers)} layers {count} would go, and none be left", hint="lower llm.quantization.pruned_share"
        )
    gone = sorted(sorted(range(len(layers)), key=influence.__getitem__)[:count])
    kept = [number for number in range(len(layers)) if number not in gone]
    model.set_submodule(name, nn.ModuleList(layers[number] for number in kept))
    for place, number in enumerate(kept):  # where the cache keeps what a layer has seen
        for part in layers[number].modules():
            if hasattr(part, "layer_idx"):
                part.layer_idx = place
    config = model.config
    for key, value in list(vars(config).items()):
        if isinstance(value, list) and len(value) == len(layers) and key.removeprefix("_").startswith("layer"):
            setattr(config, key, [value[number] for number in kept])
    config.num_hidden_layers = len(kept)
    return gone


def _layers(model: Any) -> tuple[str, Any]:
    """Find the list of layers that a token passes one after another."""
    from torch import nn

    count = getattr(model.config, "num_hidden_layers", 0)
    for name, part in model.named_modules():
        if isinstance(part, nn.ModuleList) and len(part) == count:
            return name, part
    raise ModelError(f"{type(model).__name__} has no list of layers that could be left out", hint="quantise it only")
