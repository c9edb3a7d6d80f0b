"""The order in which rows are trained on: rows of similar length together, another order in each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import get_length_grouped_indices


class LengthSampler(Sampler[int]):
    """Rows in batches of similar length, so that there is little to pad.

    The order depends on the seed and the epoch alone. The one of transformers depends on all random numbers that were
    drawn before, so that a run that is resumed in its second epoch sees other batches than without a break.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each row.
    batch_size : int
        Rows in an optimiser step.
    seed : int
        Seed of the order.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths = list(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(hash((self.seed, self.epoch)) % 2**63)
        order: Any = get_length_grouped_indices  # has no types
        return iter(order(self.lengths, self.batch_size, generator=generator))
