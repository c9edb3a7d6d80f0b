"""The rows for validation, in batches that give the same loss with any number of processes.

Each process takes as many batches as the others. accelerate fills the last of them with the first rows, which would
count twice; here they are filled with rows of which nothing counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Self

from .data_preparation import IGNORED
from .token_store import TokenRows

AT_ONCE = 4  # times the rows of a batch in training: nothing is kept for a backward pass


@dataclass(frozen=True)
class Validation:
    """What the validation loss is taken on.

    Attributes
    ----------
    dataset : datasets.Dataset
        Columns ``input_ids`` and ``labels``; its last rows are there to fill batches.
    batch_size : int
        Rows at once in each process.
    counted : float
        Tokens of a row that the loss counts, on average.
    """

    dataset: Any
    batch_size: int
    counted: float

    @classmethod
    def of(cls, rows: TokenRows, batch_size: int, processes: int) -> Self:
        """Share rows among processes.

        Parameters
        ----------
        rows : TokenRows
            All rows for validation.
        batch_size : int
            Rows of a batch in training.
        processes : int
            How many take a batch each.
        """
        rounds = math.ceil(len(rows) / (AT_ONCE * batch_size * processes))
        at_once = math.ceil(len(rows) / (rounds * processes))
        dataset = rows.dataset
        if processes > 1:  # one alone has a shorter last batch
            dataset = _filled(dataset, rounds * processes * at_once - len(rows))
        return cls(dataset, at_once, float(rows.supervised.sum()) / len(dataset))


def _filled(dataset: Any, missing: int) -> Any:
    """Add rows of which nothing counts."""
    if not missing:
        return dataset
    datasets = import_module("datasets")  # imported so because it has no types
    empty = {"input_ids": [[0, 0]] * missing, "labels": [[IGNORED, IGNORED]] * missing}
    return datasets.concatenate_datasets([dataset, datasets.Dataset.from_dict(empty, features=dataset.features)])
