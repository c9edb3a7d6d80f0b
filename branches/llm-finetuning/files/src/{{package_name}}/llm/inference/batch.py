"""A batch that rows join and leave between two tokens."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from ..errors import ModelError
from .cache import Place, RowCache

_KINDS = {"full_attention", "sliding_attention"}


class Batch:
    """The model, and the rows that are being written.

    A row is known by its number, from 0 on, without gaps: where one leaves, the last one takes its number.

    Parameters
    ----------
    model : PreTrainedModel
        Any causal language model that is made of attention alone.
    rows : int
        Most rows at once.

    Raises
    ------
    ModelError
        If the model keeps a state of another kind, which rows can't have for themselves.
    """

    def __init__(self, model: Any, rows: int) -> None:
        config = model.config.get_text_config()
        kinds = set(getattr(config, "layer_types", None) or ())
        if not kinds <= _KINDS or getattr(model, "_is_stateful", False) or config.is_encoder_decoder:
            raise ModelError(
                f"{config.model_type} can't be served in batches: it is not made of attention alone",
                hint="serve it with another program, such as vLLM",
            )
        self._model = model
        self._cache = RowCache(config.num_hidden_layers, rows)
        self._lengths: list[int] = []
        self._picks = "logits_to_keep" in inspect.signature(model.forward).parameters

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def nbytes(self) -> int:
        """Memory of keys and values."""
        return self._cache.nbytes

    def join(self, prompts: Sequence[Sequence[int]], *, whole: bool = False) -> torch.Tensor:
        """Read prompts into rows after the last one.

        Parameters
        ----------
        prompts
            Tokens, one or more for each new row.
        whole
            Whether to give what follows each token of the prompts.

        Returns
        -------
        Tensor of shape (prompts, vocabulary), or (prompts, tokens, vocabulary) if `whole`
            Logits of the token after each prompt, or after each token. Shorter prompts are padded at their end.
        """
        device = self._model.device
        lengths = [len(prompt) for prompt in prompts]
        longest = max(lengths)
        ids = torch.tensor([[*prompt, *([0] * (longest - len(prompt)))] for prompt in prompts], device=device)
        positions = torch.arange(longest, device=device).expand(len(prompts), -1)
        # What pads a shorter prompt stands behind it: nothing sees it, and the next tokens are written over it.
        hidden = torch.ones(longest, longest, dtype=torch.bool, device=device).triu(1)[None, None]
        last = torch.tensor(lengths, device=device) - 1
        ends = torch.tensor(sorted({length - 1 for length in lengths}), device=device)
        keep = 0 if whole or not self._picks else ends
        first = len(self._lengths)
        logits = self._forward(ids, Place(slice(first, first + len(prompts)), positions, longest), hidden, keep)
        self._lengths += lengths
        if whole:
            return logits
        column = last if isinstance(keep, int) else torch.searchsorted(ends, last)
        return logits[torch.arange(len(prompts), device=device), column]

    def advance(self, tokens: Sequence[int]) -> torch.Tensor:
        """Add a token to each row.

        Returns
        -------
        Tensor of shape (rows, vocabulary)
            Logits of the token after it.
        """
        device = self._model.device
        positions = torch.tensor(self._lengths, device=device)[:, None]  # (rows, 1)
        length = max(self._lengths) + 1
        hidden = (torch.arange(length, device=device) > positions)[:, None, None]  # (rows, 1, 1, length)
        ids = torch.tensor(tokens, device=device)[:, None]
        logits = self._forward(ids, Place(slice(0, len(tokens)), positions, length), hidden, 0)
        self._lengths = [length + 1 for length in self._lengths]
        return logits[:, -1]

    def leave(self, row: int) -> None:
        """Take a row out; the last one gets its number."""
        last = self._lengths.pop()
        if row < len(self._lengths):
            self._cache.move(len(self._lengths), row, last)
            self._lengths[row] = last
        if not self._lengths:
            self._cache.forget()

    def cut(self, rows: int) -> None:
        """Take out all rows but the first ones."""
        del self._lengths[rows:]
        if not self._lengths:
            self._cache.forget()

    def _forward(self, ids: torch.Tensor, place: Place, hidden: torch.Tensor, keep: int | torch.Tensor) -> torch.Tensor:
        self._cache.aim(place)
        dtype = self._model.dtype
        mask = torch.zeros(hidden.shape, dtype=dtype, device=ids.device)
        mask.masked_fill_(hidden, torch.finfo(dtype).min)
        options = {"logits_to_keep": keep} if self._picks else {}
        logits: torch.Tensor = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=place.positions,
            past_key_values=self._cache.states,
            use_cache=True,
            **options,
        ).logits
        return logits
