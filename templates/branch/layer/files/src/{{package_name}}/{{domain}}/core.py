"""Examples, and a linear model that learns from them by stochastic gradient descent on mini-batches."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..errors import ProjectError


@dataclass(frozen=True, slots=True)
class Example:
    """One row: what is known, and what should be predicted from it."""

    features: tuple[float, ...]
    target: float


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Predicts the weighted sum of the features plus a bias.

    Examples
    --------
    >>> line = [Example((x,), 3 * x + 1) for x in (-1.0, 0.0, 1.0, 2.0)]
    >>> model = LinearModel.fit(line, learning_rate=0.1, batch_size=2)
    >>> round(model.predict((10.0,)), 3)
    31.0
    """

    weights: tuple[float, ...]
    bias: float

    @classmethod
    def untrained(cls, size: int) -> Self:
        """Make the model that predicts zero from `size` features."""
        return cls((0.0,) * size, 0.0)

    @classmethod
    def fit(cls, examples: Sequence[Example], *, learning_rate: float, batch_size: int, epochs: int = 1000) -> Self:
        """Minimise the mean squared error.

        Parameters
        ----------
        examples
            At least one, each with the same number of features.
        learning_rate
            Length of a step, as a share of the gradient.
        batch_size
            Examples in one step. The last batch of an epoch may be smaller.
        epochs
            How often all examples are gone through, each time in another order.

        Raises
        ------
        ProjectError
            If there is no example, or the steps were so long that the model diverged.
        """
        if not examples:
            raise ProjectError("there are no examples to learn from")
        model = cls.untrained(len(examples[0].features))
        for epoch in range(epochs):
            for batch in _batches(examples, batch_size, epoch):
                model = model._step(batch, learning_rate)
        if not math.isfinite(model.loss(examples)):
            raise ProjectError(f"training diverged with the learning rate {learning_rate}", hint="use a smaller one")
        return model

    def predict(self, features: Sequence[float]) -> float:
        """Predict the target of one example."""
        return sum((weight * x for weight, x in zip(self.weights, features, strict=True)), self.bias)

    def loss(self, examples: Sequence[Example]) -> float:
        """Compute the mean squared error."""
        errors = [self.predict(example.features) - example.target for example in examples]
        return sum(error * error for error in errors) / len(errors)

    def _step(self, batch: Sequence[Example], learning_rate: float) -> Self:
        """Take one step against the gradient of the batch's mean squared error."""
        scaled = [2 * learning_rate / len(batch) * (self.predict(e.features) - e.target) for e in batch]
        columns = zip(*(example.features for example in batch), strict=True)
        gradient = [sum(s * x for s, x in zip(scaled, column, strict=True)) for column in columns]
        weights = tuple(weight - change for weight, change in zip(self.weights, gradient, strict=True))
        return type(self)(weights, self.bias - sum(scaled))


MODELS = {"custom": LinearModel}
"""The models that `model_type` can name."""


def _batches(examples: Sequence[Example], size: int, epoch: int) -> Iterator[list[Example]]:
    """Deal out the examples in an order that looks random, differs by epoch, and is the same in each run."""
    order = sorted(range(len(examples)), key=lambda row: hashlib.sha256(f"{epoch} {row}".encode()).digest())
    for start in range(0, len(order), size):
        yield [examples[row] for row in order[start : start + size]]


def read_examples(path: Path) -> list[Example]:
    """Read a CSV file with a header. Every column is a number, and the last one the target.

    Raises
    ------
    ProjectError
        If the file is missing or empty, or a row is not as the header says; with its line.
    """
    if not path.is_file():
        raise ProjectError(f"{path} is not there", hint="give a CSV file with a header")
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        examples = [_example(row, len(header), f"{path}:{rows.line_num}") for row in rows]
    if not examples:
        raise ProjectError(f"{path} has no examples", hint="a row for each example belongs below the header")
    return examples


def _example(row: Sequence[str], size: int, where: str) -> Example:
    try:
        *features, target = [float(text) for text in row]
    except ValueError:
        raise ProjectError(f"{where}: a row holds numbers, not {','.join(row)!r}") from None
    if len(row) != size or not all(map(math.isfinite, (*features, target))):
        raise ProjectError(f"{where}: {','.join(row)!r} is not {size} finite numbers, as the header says")
    return Example(tuple(features), target)
