"""Pictures of a model's predictions, drawn without a display."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from .evaluation import Evaluation
    from .metrics import Predictions

_MOST_BARS = 15
_MOST_CELLS = 12
_BINARY = 2


def pictures(found: Evaluation, rows: Predictions) -> dict[str, Figure]:
    """Draw what suits the task, each picture by its name."""
    if found.calibration is not None:
        drawn = {"confusion": _confusion(found), "calibration": _calibration(found), "roc": _roc(found, rows)}
    else:
        drawn = {"predicted": _predicted(rows), "residuals": _residuals(rows)}
    if found.importance:
        drawn["importance"] = _importance(found)
    return drawn


def draw(found: Evaluation, rows: Predictions, folder: Path) -> list[Path]:
    """Draw what suits the task, as PNG files.

    Returns
    -------
    list of Path
        Their places.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in pictures(found, rows).items():
        paths.append(folder / f"{name}.png")
        FigureCanvasAgg(figure)
        figure.savefig(paths[-1], dpi=90)
    return paths


def _figure(title: str, across: str, up: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel=across, ylabel=up)
    return figure, axes


def _confusion(found: Evaluation) -> Figure:
    figure, axes = _figure("Confusion", "predicted", "true")
    counts = np.asarray(found.confusion)
    axes.imshow(counts, cmap="Blues")
    names = [str(name) for name in found.classes]
    axes.set_xticks(range(len(names)), names, rotation=45 if len(names) > _BINARY else 0)
    axes.set_yticks(range(len(names)), names)
    if len(names) <= _MOST_CELLS:
        for (row, column), count in np.ndenumerate(counts):
            dark = count > counts.max() / 2
            axes.text(column, row, str(count), ha="center", va="center", color="white" if dark else "#111111")
    return figure


def _calibration(found: Evaluation) -> Figure:
    figure, axes = _figure("Calibration", "probability that was said", "share that was so")
    axes.plot([0, 1], [0, 1], color="grey", linestyle="dotted")
    if found.calibration:
        bins = found.calibration.bins
        axes.plot([one.said for one in bins], [one.found for one in bins], marker="o")
        axes.set_title(f"Calibration, expected error {found.calibration.error:.3f}")
    return figure


def _roc(found: Evaluation, rows: Predictions) -> Figure:
    figure, axes = _figure("ROC", "false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], color="grey", linestyle="dotted")
    numbers = [1] if len(found.classes) == _BINARY else range(len(found.classes))
    for number in numbers:
        positive = (rows.truth == number)[np.argsort(-rows.probabilities[:, number], kind="stable")]
        if positive.any() and not positive.all():
            up = np.concatenate([[0], np.cumsum(positive) / positive.sum()])
            across = np.concatenate([[0], np.cumsum(~positive) / (~positive).sum()])
            axes.plot(across, up, label=str(found.classes[number]))
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right")
    return figure


def _predicted(rows: Predictions) -> Figure:
    figure, axes = _figure("Predicted and true", "true", "predicted")
    limits = [float(min(rows.truth.min(), rows.predicted.min())), float(max(rows.truth.max(), rows.predicted.max()))]
    axes.plot(limits, limits, color="grey", linestyle="dotted")
    axes.scatter(rows.truth, rows.predicted, s=12, alpha=0.6)
    return figure


def _residuals(rows: Predictions) -> Figure:
    figure, axes = _figure("Errors", "predicted", "true minus predicted")
    axes.axhline(0, color="grey", linestyle="dotted")
    axes.scatter(rows.predicted, rows.truth - rows.predicted, s=12, alpha=0.6)
    return figure


def _importance(found: Evaluation) -> Figure:
    figure, axes = _figure("Loss without a column", next(iter(found.metrics)), "")
    top = found.importance[:_MOST_BARS][::-1]
    axes.barh([one.column for one in top], [one.mean for one in top], xerr=[one.deviation for one in top])
    return figure
