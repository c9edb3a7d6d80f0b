"""The report of a fine-tuning as one HTML file that needs no network."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from ..reports.axes import ticks
from .evaluation.metrics import contains_answer, exact_match
from .use_case import Wording

TEMPLATE = Path(__file__).with_name("report.html.j2")
SPLITS = ("train", "validation", "test")
SAMPLES_SHOWN = 10
POINTS_DRAWN = 400

# The plots, in units of their view box. Small, so that text stays readable when a phone scales them down.
WIDTH, HEIGHT = 480, 300
TOP, BOTTOM = 44, 240
LINE_LEFT, LINE_RIGHT = 46, 466
SCORES_LEFT, SCORES_RIGHT = 46, 322
LOSS_LEFT, LOSS_RIGHT = 376, 466
BAR, BAR_GAP = 28, 8
MIB_IN_GIB = 1024


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it is drawn, and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """A curve: its name, the points of its path, and what each point says when pointed at."""

    name: str
    points: tuple[tuple[float, float, str], ...]

    @property
    def path(self) -> str:
        """Points as the ``d`` of an SVG path."""
        return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y, _ in self.points)


@dataclass(frozen=True)
class LineChart:
    """Curves with their axes."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Bar:
    """A bar: its model (``base`` or ``tuned``), place, size and value as text."""

    model: str
    x: float
    y: float
    height: float
    label: str


@dataclass(frozen=True)
class BarGroup:
    """The bars of one measure, before and after."""

    name: str
    center: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class BarChart:
    """Groups of bars over one scale."""

    y_ticks: tuple[Tick, ...]
    groups: tuple[BarGroup, ...]


def write_report(report: Mapping[str, Any], folder: Path, wording: Wording) -> Path:
    """Write ``index.html``, a page that shows what the fine-tuning did.

    Parameters
    ----------
    report : Mapping
        What ``report.json`` holds.
    folder : Path
        Where to write it; made if need be.
    wording : Wording
        What things are called.

    Returns
    -------
    Path
        The file.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    formats = {"score": _score, "loss": _loss, "seconds": _seconds, "memory": _memory, "count": _count}
    environment.filters |= formats
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        report=report,
        usage=_usage(report, wording),
        splits=[split for split in SPLITS if split in report["documents"] or split in report["pairs"]],
        wording=wording,
        losses=loss_chart(report["history"]),
        scores=score_chart(report["base"], report["tuned"], wording.measures),
        loss_bars=loss_bars(report["base"]["eval_loss"], report["tuned"]["eval_loss"]),
        stages=_stages(report["seconds"]),
        samples=[_judged(sample) for sample in report["samples"][:SAMPLES_SHOWN]],
        width=WIDTH,
        height=HEIGHT,
        top=TOP,
        bottom=BOTTOM,
        line_axis=(LINE_LEFT, LINE_RIGHT),
        scores_axis=(SCORES_LEFT, SCORES_RIGHT),
        loss_axis=(LOSS_LEFT, LOSS_RIGHT),
        bar_width=BAR,
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    unfinished = folder / ".index.html.tmp"
    unfinished.write_text(page, encoding="utf-8")
    os.replace(unfinished, path)
    return path


def _usage(report: Mapping[str, Any], wording: Wording) -> str:
    """Write the code that asks the checkpoint what the first sample asks."""
    sample = next(iter(report["samples"]), {"context": "", "question": ""})
    literals = {"checkpoint": report["checkpoint"], "context": sample["context"], "question": sample["question"]}
    package = __name__.partition(".")[0]
    return wording.usage.format(package=package, **{name: repr(value) for name, value in literals.items()})


def loss_chart(history: Mapping[str, Sequence[Mapping[str, float]]]) -> LineChart | None:
    """Lay out the curves of the loss against the step; None where nothing was recorded.

    Parameters
    ----------
    history : Mapping
        Points with ``step`` and ``loss`` under ``train`` and ``validation``.

    Returns
    -------
    LineChart or None
        Places of the curves, in units of the view box.
    """
    curves = {name: _finite(history.get(name, ())) for name in ("train", "validation")}
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return None
    steps = ticks(0, max(step for step, _ in points) or 1, whole=True)
    losses = ticks(0, max(loss for _, loss in points) or 1)
    lines = []
    for name, curve in curves.items():
        placed = tuple(
            (
                _scale(step, steps[-1], LINE_LEFT, LINE_RIGHT),
                _scale(loss, losses[-1], BOTTOM, TOP),
                f"{name}, step {step:g}: {_loss(loss)}",
            )
            for step, loss in _thinned(curve)
        )
        if placed:
            lines.append(Line(name, placed))
    return LineChart(
        x_ticks=tuple(Tick(_scale(at, steps[-1], LINE_LEFT, LINE_RIGHT), f"{at:g}") for at in steps),
        y_ticks=tuple(Tick(_scale(at, losses[-1], BOTTOM, TOP), f"{at:g}") for at in losses),
        lines=tuple(lines),
    )


def score_chart(base: Mapping[str, float], tuned: Mapping[str, float], measures: Mapping[str, str]) -> BarChart:
    """Lay out the scores before and after, on a scale from 0 to 100 %.

    Parameters
    ----------
    base, tuned : Mapping of str to float
        Scores from 0 to 1.
    measures : Mapping of str to str
        Those that are shown, and their labels.

    Returns
    -------
    BarChart
        Places of the bars, in units of the view box.
    """
    room = (SCORES_RIGHT - SCORES_LEFT) / len(measures)
    groups = [
        _group(name, SCORES_LEFT + room * (number + 0.5), (base[key], tuned[key]), 1.0, _score)
        for number, (key, name) in enumerate(measures.items())
    ]
    marks = (0.0, 0.25, 0.5, 0.75, 1.0)
    return BarChart(tuple(Tick(_scale(at, 1.0, BOTTOM, TOP), f"{at:.0%}") for at in marks), tuple(groups))


def loss_bars(base: float, tuned: float) -> BarChart:
    """Lay out the evaluation loss before and after.

    Parameters
    ----------
    base, tuned : float
        Loss in nats per token.

    Returns
    -------
    BarChart
        Places of the bars, in units of the view box.
    """
    marks = ticks(0, max((value for value in (base, tuned) if math.isfinite(value)), default=1) or 1)
    group = _group("Eval loss", (LOSS_LEFT + LOSS_RIGHT) / 2, (base, tuned), marks[-1], _loss)
    return BarChart(tuple(Tick(_scale(at, marks[-1], BOTTOM, TOP), f"{at:g}") for at in marks), (group,))


def _group(
    name: str,
    center: float,
    values: tuple[float, float],
    highest: float,
    label: Callable[[float], str],
) -> BarGroup:
    bars = []
    for model, value, x in zip(
        ("base", "tuned"),
        values,
        (center - BAR - BAR_GAP / 2, center + BAR_GAP / 2),
        strict=True,
    ):
        y = _scale(value, highest, BOTTOM, TOP) if math.isfinite(value) else BOTTOM
        bars.append(Bar(model, x, y, max(BOTTOM - y, 1.5), label(value)))
    return BarGroup(name, center, tuple(bars))


def _scale(value: float, highest: float, start: float, end: float) -> float:
    return round(start + (end - start) * value / highest, 2)


def _finite(points: Iterable[Mapping[str, float]]) -> list[tuple[float, float]]:
    return [(point["step"], point["loss"]) for point in points if math.isfinite(point["loss"])]


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Take every n-th point and the last, so that a long training makes no heavy page."""
    every = math.ceil(len(points) / POINTS_DRAWN)
    return [point for at, point in enumerate(points) if at % every == 0 or at == len(points) - 1]


def _stages(seconds: Mapping[str, float]) -> list[dict[str, Any]]:
    total = sum(seconds.values()) or 1
    return [{"name": name, "seconds": spent, "share": spent / total} for name, spent in seconds.items()]


def _judged(sample: Mapping[str, str]) -> dict[str, Any]:
    return {**sample, "answers": [_answer(name, sample[name], sample["expected"]) for name in ("base", "tuned")]}


def _answer(model: str, text: str, expected: str) -> dict[str, Any]:
    right, contains = exact_match(text, expected) == 1, contains_answer(text, expected) == 1
    return {"model": model, "text": text, "right": right, "contains": contains}


def _score(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "none"


def _loss(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "none"


def _seconds(value: float) -> str:
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{value:.1f} s"


def _memory(megabytes: float) -> str:
    return f"{megabytes / MIB_IN_GIB:.2f} GiB" if megabytes >= MIB_IN_GIB else f"{megabytes:.0f} MiB"


def _count(value: int) -> str:
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
