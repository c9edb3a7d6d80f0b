"""Columns that the configuration has made of several others, or of times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .advanced.graph_rows import GraphFeatures
from .advanced.interaction_features import Interactions
from .calendar import CalendarFeatures
from .temporal import HistoryFeatures

if TYPE_CHECKING:
    from .transformations_config import TransformationsConfig


def derived_parts(options: TransformationsConfig) -> list[tuple[str, Any, list[str]]]:
    """Make the transformers that `options` asks for, not fitted yet, each with its name and its columns."""
    parts: list[tuple[str, Any, list[str]]] = []
    history, calendar, graph, pairs = options.history, options.calendar, options.graph, options.interactions
    if history.key:
        columns = list(dict.fromkeys((history.key, history.time, *history.values)))
        parts.append(("history", HistoryFeatures(**history.model_dump()), columns))
    if calendar.columns:
        chosen = calendar.model_dump(exclude={"columns", "country"})
        dates = CalendarFeatures(**chosen, country=calendar.country or None)
        parts.append(("calendar", dates, list(calendar.columns)))
    if graph.edges:
        parts.append(("graph", GraphFeatures(**graph.model_dump(), seed=options.seed), [graph.node, graph.time]))
    if pairs.numbers or pairs.categories:
        encoding = options.encoding
        chosen = {"categories": pairs.categories, "folds": encoding.folds, "smoothing": encoding.smoothing}
        columns = list(dict.fromkeys((*pairs.numbers, *pairs.categories)))
        parts.append(("interactions", Interactions(pairs.keep, options.seed, **chosen), columns))
    return parts


def derived_from(options: TransformationsConfig) -> set[str]:
    """Name the columns that those transformers look at."""
    return {name for _, _, columns in derived_parts(options) for name in columns}
