"""How many answers fit the memory beside each other."""

from __future__ import annotations

from typing import Any

from ...logs import get_logger
from ..training.memory import available_memory
from .cache import BLOCK

_SHARE = 0.5
"""Of what is free: other models, prompts that are read and logits take memory too."""
_MOST = 64
"""More rows seldom give more tokens a second; `llm find-rows` tells where they do."""

_log = get_logger(__name__)


def row_bytes(model: Any, context: int) -> int:
    """Give the memory of the keys and values of one answer of the greatest length.

    Parameters
    ----------
    model : PreTrainedModel
        Made of attention alone.
    context : int
        Most tokens of prompt and answer.
    """
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    tokens = -(-context // BLOCK) * BLOCK
    return int(2 * config.num_hidden_layers * heads * width * tokens * model.dtype.itemsize)


def rows_that_fit(model: Any, context: int, free: int | None = None) -> int:
    """Choose how many answers are written at once: as many of the greatest length as half of the free memory holds.

    Parameters
    ----------
    model : PreTrainedModel
        Where it is to run.
    context : int
        Most tokens of prompt and answer.
    free : int, optional
        Bytes; by default those of the model's device.

    Returns
    -------
    int
        From 1 to 64.
    """
    free = available_memory(model.device) if free is None else free
    each = row_bytes(model, context)
    rows = max(1, min(_MOST, int(free * _SHARE) // each))
    mib = 2**20
    _log.info("rows chosen", rows=rows, context=context, row_mib=round(each / mib, 1), free_mib=free // mib, most=_MOST)
    return rows
