"""The loss takes logits only where it counts a token.

On CUDA TRL does so by itself. On other devices it takes them everywhere and leaves out most of them afterwards: a good
part of all the work for a small model with a large vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .data_preparation import IGNORED


@contextmanager
def counted_only(model: Any, inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Have the body of a model give only the positions whose next token counts.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Model with TRL's head, without what wraps it for several processes.
    inputs : dict of str to Tensor
        A batch, with labels of shape (rows, tokens).

    Yields
    ------
    dict
        The batch, with the labels that count as ``shift_labels`` of shape (1, counted).
    """
    from peft import PeftModel

    causal: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    labels = inputs["labels"][:, 1:]
    counts = labels != IGNORED

    def keep(_module: Any, _arguments: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[:, :-1][counts][None]  # (1, counted, hidden)
        return output

    handle = causal.base_model.register_forward_hook(keep)
    try:
        rest = {name: value for name, value in inputs.items() if name != "labels"}
        yield {**rest, "shift_labels": labels[counts][None]}
    finally:
        handle.remove()
