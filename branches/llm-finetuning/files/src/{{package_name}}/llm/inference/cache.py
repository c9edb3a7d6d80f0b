"""Keys and values of the requests in a batch: each has a row, in which it grows by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers.cache_utils import Cache

BLOCK = 256
"""Tokens by which all rows grow at once."""


@dataclass(slots=True)
class Place:
    """Where the next forward pass writes, and what it sees.

    Attributes
    ----------
    rows
        The rows of the batch that take part, one after the other.
    positions
        Of the tokens in their rows, of shape (rows, tokens).
    length
        Tokens of a row that are seen; a mask hides those that are not its own.
    """

    rows: slice
    positions: torch.Tensor
    length: int


class _Layer:
    """One layer, as `Cache` calls it. Nothing that is kept is copied when a token is added."""

    is_compileable = is_sliding = False

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._kept: list[torch.Tensor] = []  # keys and values, of shape (rows, heads, tokens, head_dim)
        self.place = Place(slice(0, 0), torch.zeros(0, 0, dtype=torch.long), 0)

    @property
    def is_initialized(self) -> bool:
        """Whether there has been a forward pass."""
        return bool(self._kept)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_options: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write what is new, and give all that is seen, of shape (rows, heads, tokens, head_dim)."""
        place = self.place
        new = (key_states, value_states)
        if not self._kept:
            self._kept = [states.new_zeros(self._rows, states.shape[1], BLOCK, states.shape[3]) for states in new]
        self._kept = [_with_room(states, place.length) for states in self._kept]
        positions = place.positions.to(key_states.device)  # layers may be on several devices
        rows = torch.arange(place.rows.start, place.rows.stop, device=positions.device)[:, None]
        for kept, states in zip(self._kept, new, strict=True):
            kept[rows, :, positions] = states.transpose(1, 2)
        keys, values = (kept[place.rows, :, : place.length] for kept in self._kept)
        return keys, values

    def move(self, source: int, target: int, length: int) -> None:
        """Let a row take another's place."""
        for kept in self._kept:
            kept[target, :, :length] = kept[source, :, :length]

    def forget(self) -> None:
        """Give memory back, if rows had grown."""
        if self._kept and self._kept[0].shape[2] > BLOCK:
            self._kept = []  # and nothing new in its place: there may be no memory left

    @property
    def nbytes(self) -> int:
        """Memory of the layer."""
        return sum(kept.nbytes for kept in self._kept)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Give the tokens that are seen, and the first of them."""
        return max(self.place.length, query_length), 0

    def get_seq_length(self) -> int:
        """Give 0: each row has a length of its own, and positions are given with each pass."""
        return 0

    def get_max_length(self) -> int:
        """Say that there is no limit here."""
        return -1


def _with_room(kept: torch.Tensor, length: int) -> torch.Tensor:
    rows, heads, tokens, size = kept.shape
    if length <= tokens:
        return kept
    blocks = -(-max(length, 2 * tokens) // BLOCK)
    grown = kept.new_zeros(rows, heads, blocks * BLOCK, size)
    grown[:, :, :tokens] = kept
    return grown


class RowCache:
    """Keys and values of all layers.

    Parameters
    ----------
    layers
        Of the model.
    rows
        Most requests at once.

    Attributes
    ----------
    states : Cache
        What a model takes.
    """

    def __init__(self, layers: int, rows: int) -> None:
        self._layers: list[Any] = [_Layer(rows) for _ in range(layers)]
        self.states = Cache(layers=self._layers)

    def aim(self, place: Place) -> None:
        """Say where the next forward pass writes."""
        for layer in self._layers:
            layer.place = place

    def move(self, source: int, target: int, length: int) -> None:
        """Let a row take another's place."""
        for layer in self._layers:
            layer.move(source, target, length)

    def forget(self) -> None:
        """Give memory back, if rows had grown."""
        for layer in self._layers:
            layer.forget()

    @property
    def nbytes(self) -> int:
        """Memory of the cache."""
        return sum(layer.nbytes for layer in self._layers)
