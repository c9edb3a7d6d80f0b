"""Making a smaller copy of a model, by any method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base_model import dtype_of
from ..console import console
from ..data.examples import Row, conversation
from ..training.data_preparation import encode
from .foreign import made_here, made_outside
from .pruning import drop_layers, influences
from .recovery import recover
from .storage import mark_quantized
from .weights import check_layers, quantize_weights, train_quantized

if TYPE_CHECKING:
    from ..config import LLMConfig
    from .methods import Method
    from .quantizing import Original


def make_smaller(original: Original, method: Method, learned: Callable[[], Sequence[Row]], config: LLMConfig) -> Any:
    """Make a smaller copy of a model, which stays as it is.

    Parameters
    ----------
    original : Original
        What it is made of.
    method : Method
        How.
    learned : callable
        Gives rows of the training split, to methods that need some.
    config : LLMConfig
        How far.

    Raises
    ------
    ModelError
        If the model is none for the method.
    DataError
        If the method needs rows of the training split, and there are none.
    """
    group_size = config.quantization.group_size
    check_layers(original.model, method, group_size)
    if method.maker == "bitsandbytes":
        return made_here(original, method, group_size)
    if method.outside:
        rows = calibration_rows(learned(), config)
        libraries = {"llm-compressor": config.quantization.compressor, "gptqmodel": config.quantization.gptqmodel}
        return made_outside(original, method, rows, libraries[method.maker], group_size)
    model = deepcopy(original.model)
    if method.trained or method.pruned:
        model.float()  # small steps are lost on fewer digits

    def train() -> None:
        recover(model, original, learned(), config.quantization.recovery, seed=config.training.seed)
        to_precision(model, config)

    if method.pruned:
        _prune(model, original.tokenizer, learned(), config)
        train()
    if method.trained:
        train_quantized(model, method, group_size, train)
    else:
        quantize_weights(model, method, group_size)
    mark_quantized(model)
    return model


def to_precision(model: Any, config: LLMConfig) -> None:
    """Give the weights their type; buffers, such as those of rotary embeddings, need all their digits."""
    for weight in model.parameters():
        weight.data = weight.data.to(dtype_of(config.quantization.precision))


def calibration_rows(learned: Sequence[Row], config: LLMConfig) -> list[Row]:
    """Draw the rows of the training split that show what layers are given."""
    count = min(config.quantization.calibration_rows, len(learned))
    chosen = np.random.default_rng(config.training.seed).choice(len(learned), count, replace=False)
    return [learned[index] for index in chosen]


def _prune(model: Any, tokenizer: Any, learned: Sequence[Row], config: LLMConfig) -> None:
    rows = encode(tokenizer, [conversation(row) for row in calibration_rows(learned, config)])
    influence = influences(model, rows, tokenizer.pad_token_id)
    gone = drop_layers(model, influence, config.quantization.pruned_share)
    told = ", ".join(f"{number} (influence {influence[number]:.2g})" for number in gone)
    console.print(f"left out of {len(influence)} layers: {told}", soft_wrap=True)
