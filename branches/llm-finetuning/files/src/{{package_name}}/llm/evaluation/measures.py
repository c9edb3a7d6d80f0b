"""What answers are scored by. Plugins add more under the entry points `<package>.text_metrics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...config.settings import one_of
from ...plugins import Plugin, find_plugins
from ..data.examples import Row
from ..errors import DataError
from .lexical import bleu, bleu_counts, rouge_l, rouge_n
from .metrics import contains_answer, exact_match, token_f1

Floats = NDArray[np.float64]
SIMILARITY = "semantic_similarity"


@dataclass(frozen=True, slots=True)
class TextMetric:
    """A score of each answer; what is told of many answers is the mean.

    Attributes
    ----------
    function
        Takes the answers, and the rows that were asked in the same order; gives a number for each.
    label
        How it is called in tables.
    greater_is_better
        Which way is better.
    is_share
        Whether it lies between 0 and 1, as a share does: then it is undecided where its interval is wide.
    """

    function: Callable[[Sequence[str], Sequence[Row]], Sequence[float] | Floats]
    label: str
    greater_is_better: bool = True
    is_share: bool = False


def pair_by_pair(measure: Callable[[str, str], float], label: str) -> TextMetric:
    """Make a metric of a measure that takes an answer and the expected one."""
    return TextMetric(
        lambda answers, rows: [measure(answer, row.answer) for answer, row in zip(answers, rows, strict=True)],
        label,
        is_share=True,
    )


def _bleu(answers: Sequence[str], rows: Sequence[Row]) -> Floats:
    return bleu(bleu_counts(answers, [row.answer for row in rows]))


def _rouge_n(order: int) -> TextMetric:
    return TextMetric(
        lambda answers, rows: rouge_n(answers, [row.answer for row in rows], order), f"ROUGE-{order}", is_share=True
    )


def _rouge_l(answers: Sequence[str], rows: Sequence[Row]) -> Floats:
    return rouge_l(answers, [row.answer for row in rows])


TEXT_METRICS: Mapping[str, TextMetric] = {
    "exact_match": pair_by_pair(exact_match, "Exact match"),
    "contains_answer": pair_by_pair(contains_answer, "Contains answer"),
    "token_f1": pair_by_pair(token_f1, "Token F1"),
    "bleu": TextMetric(_bleu, "BLEU", is_share=True),
    "rouge_1": _rouge_n(1),
    "rouge_2": _rouge_n(2),
    "rouge_l": TextMetric(_rouge_l, "ROUGE-L", is_share=True),
}
"""Those that compare words alone."""


def find_text_metrics(names: Sequence[str], embedding_model: str = "", device: str = "auto") -> dict[str, TextMetric]:
    """Find metrics by name, in the order of the names.

    Parameters
    ----------
    names : sequence of str
        Keys of `TEXT_METRICS`, ``semantic_similarity``, or names of plugins.
    embedding_model, device : str
        What compares meanings, and where.

    Raises
    ------
    DataError
        If there is none of a name.
    ModelError
        If the embedding model can't be loaded.
    PluginError
        If a plugin is broken.
    """
    plugins = find_plugins("text_metrics")
    found: dict[str, TextMetric] = {}
    for name in names:
        if name in TEXT_METRICS:
            found[name] = TEXT_METRICS[name]
        elif name == SIMILARITY:
            found[name] = _similarity(embedding_model, device)
        elif name in plugins:
            found[name] = _of_plugin(plugins[name])
        else:
            hint = one_of(name, [*TEXT_METRICS, SIMILARITY, *plugins])
            raise DataError(f"there is no metric {name!r} for answers", hint=hint)
    return found


def _similarity(model: str, device: str) -> TextMetric:
    from .embeddings import Embedder

    embedder = Embedder.open(model, device)
    return TextMetric(
        lambda answers, rows: embedder.similarity(answers, [row.answer for row in rows]), "Semantic similarity"
    )


def _of_plugin(plugin: Plugin) -> TextMetric:
    metric = plugin.load()
    if not isinstance(metric, TextMetric):
        raise plugin.error(f"it is a {type(metric).__name__}, not a TextMetric")
    function = plugin.guard(metric.function)

    def checked(answers: Sequence[str], rows: Sequence[Row]) -> Floats:
        scores = np.asarray(function(answers, rows))
        if scores.shape != (len(answers),) or scores.dtype.kind not in "bif" or not np.isfinite(scores).all():
            raise plugin.error(f"it gave no finite number for each of {len(answers)} answers")
        return scores.astype(np.float64)

    return replace(metric, function=checked)
