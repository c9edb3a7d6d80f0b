"""Size, time and loss of all methods in one picture, with the limits that a choice keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...reports import figure_svg
from .selection import MB

if TYPE_CHECKING:
    from .config import QuantizationConfig
    from .quantizing import Trial

_MARKS = "osD^vP*X<>"
_LIMIT = "#c0392b"


def selection_svg(trials: Sequence[Trial], chosen: Trial | None, limits: QuantizationConfig) -> str:
    """Draw points lost, with their intervals, over size and over time; lines are limits, a ring is what was chosen."""
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(8, 4), layout="constrained")
    size, time = drawing.subplots(1, 2, sharey=True)
    sizes = [trial.size / MB for trial in trials]
    times = [trial.speed.after for trial in trials]
    _draw(size, sizes, trials, chosen)
    _draw(time, times, trials, chosen)
    first = trials[0]
    size.axvline(first.full_size / MB, color="gray", linestyle=":", label="before, as bfloat16")
    time.axvline(first.speed.before, color="gray", linestyle=":")
    for axes, most in ((size, limits.max_size_mb), (time, limits.max_latency_ms)):
        axes.axhline(limits.max_loss_points, color=_LIMIT, linestyle="--")
        if most:
            axes.axvline(most, color=_LIMIT, linestyle="--")
        axes.set_xlim(left=0)
    size.plot([], [], color=_LIMIT, linestyle="--", label="limits")
    size.set(xlabel="megabytes of weights", ylabel="points lost, with interval")
    time.set(xlabel="milliseconds an answer")
    drawing.legend(*size.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure_svg(drawing)


def _draw(axes: Any, places: Sequence[float], trials: Sequence[Trial], chosen: Trial | None) -> None:
    for number, (place, trial) in enumerate(zip(places, trials, strict=True)):
        loss, colour = trial.loss, f"C{number}"
        axes.vlines(place, loss.low, loss.high, color=colour, alpha=0.5)
        mark = _MARKS[number % len(_MARKS)]
        axes.plot(place, loss.points, mark, color=colour, markersize=8, label=trial.method.name)
        if trial is chosen:
            axes.plot(place, loss.points, "o", markersize=16, fillstyle="none", color="black", label="chosen")
