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
    context : int
        Most tokens of a row; the last one is never read.

    Raises
    ------
    ModelError
        If the model keeps a state of another kind, which rows can't have for themselves.
    """

    def __init__(self, model: Any, rows: int, context: int) -> None:
        config = model.config.get_text_config()
        kinds = set(getattr(config, "layer_types", None) or ())
        if not kinds <= _KINDS or getattr(model, "_is_stateful", False) or config.is_encoder_decoder:
            raise ModelError(
                f"{config.model_type} can't be served in batches: it is not made of attention alone",
                hint="serve it with another program, such as vLLM",
            )
        self._model = model
        self._context = context
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
        logits = self._read(len(self._lengths), 0, prompts, whole=whole)
        self._lengths += [len(prompt) for prompt in prompts]
        return logits

    def go_on(self, row: int, piece: Sequence[int], *, whole: bool = False) -> torch.Tensor:
        """Read more of a prompt into its row.

        Returns
        -------
        Tensor of shape (1, vocabulary), or (1, tokens, vocabulary) if `whole`
            Logits of the token after the piece, or after each of its tokens.
        """
        logits = self._read(row, self._lengths[row], [piece], whole=whole)
        self._lengths[row] += len(piece)
        return logits

    def advance(self, tokens: Sequence[Sequence[int]]) -> torch.Tensor:
        """Read one token or more into each row but those that have none: their prompts are still being read.

        Rows are as long as before until `keep` says how many of the tokens stay.

        Returns
        -------
        Tensor of shape (rows, tokens, vocabulary)
            Logits of the token after each; without meaning where there is none.
        """
        device = self._model.device
        width = max(map(len, tokens))
        ids = torch.tensor([[*some, *([0] * (width - len(some)))] for some in tokens], device=device)
        # What is written where no token is has no effect: the row's next token is written over it. It may not be
        # behind the last place, which some models have no embedding for and where no token is read.
        positions = torch.tensor(self._lengths, device=device)[:, None] + torch.arange(width, device=device)
        positions.clamp_(max=self._context - 1)
        length = min(max(self._lengths) + width, self._context)
        hidden = (torch.arange(length, device=device) > positions[:, :, None])[:, None]  # (rows, 1, width, length)
        return self._forward(ids, Place(slice(0, len(tokens)), positions, length), hidden, 0)

    def keep(self, counts: Sequence[int]) -> None:
        """Keep the first tokens that `advance` has read into each row."""
        self._lengths = [length + count for length, count in zip(self._lengths, counts, strict=True)]

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

    def _read(self, first: int, start: int, pieces: Sequence[Sequence[int]], *, whole: bool) -> torch.Tensor:
        """Read a piece into each row from `first` on; all of these rows have `start` tokens."""
        device = self._model.device
        lengths = [len(piece) for piece in pieces]
        longest = max(lengths)
        ids = torch.tensor([[*piece, *([0] * (longest - len(piece)))] for piece in pieces], device=device)
        positions = torch.arange(start, start + longest, device=device)
        # What pads a shorter piece stands behind it: nothing sees it, and the next tokens are written over it.
        hidden = (torch.arange(start + longest, device=device) > positions[:, None])[None, None]
        last = torch.tensor(lengths, device=device) - 1
        ends = torch.tensor(sorted({length - 1 for length in lengths}), device=device)
        keep = 0 if whole or not self._picks else ends
        rows = slice(first, first + len(pieces))
        place = Place(rows, positions.expand(len(pieces), -1), start + longest)
        logits = self._forward(ids, place, hidden, keep)
        if whole:
            return logits
        column = last if isinstance(keep, int) else torch.searchsorted(ends, last)
        return logits[torch.arange(len(pieces), device=device), column]

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
