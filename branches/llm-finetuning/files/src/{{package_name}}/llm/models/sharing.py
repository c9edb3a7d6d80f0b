"""Weights that two models have in common, such as those of a base model under several adapters, in memory once."""

from __future__ import annotations

from typing import Any


def share_weights(model: Any, other: Any) -> int:
    """Let a model use the weights of another wherever they are the same ones, and give its own back.

    Only what is equal in each number is shared, so that the model answers as before.

    Parameters
    ----------
    model, other : PreTrainedModel
        With adapters in them that are not merged; neither may be trained or merged from now on.

    Returns
    -------
    int
        Bytes that are shared.
    """
    import torch

    theirs = {_plain(name): weight for name, weight in other.named_parameters(remove_duplicate=False)}
    shared: dict[int, int] = {}
    for name, weight in [*model.named_parameters(remove_duplicate=False)]:
        same = theirs.get(_plain(name))
        if same is None or (same.shape, same.dtype) != (weight.shape, weight.dtype):
            continue
        if torch.equal(same.to(weight.device), weight):
            owner, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(owner), attribute, same)
            shared[id(same)] = same.nbytes
    return sum(shared.values())


def _plain(name: str) -> str:
    """Name a weight as it is named without an adapter around it."""
    return name.replace(".base_layer.", ".").replace(".original_module.", ".")
