"""A chart of values over time as SVG, made of text alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from markupsafe import Markup

from .blocks import shown

Point = tuple[datetime, float]

_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 640, 10, 180
_LEGEND = 20  # height of a name
_COLOURS = ("var(--accent)", "var(--critical)", "var(--good)", "var(--warning)", "var(--muted)")


def course(series: Mapping[str, Sequence[Point]]) -> str:
    """Draw a line from zero up for each name. What is no finite number is left out.

    Parameters
    ----------
    series
        Points in the order of their times.
    """
    known = {name: [point for point in points if math.isfinite(point[1])] for name, points in series.items()}
    every = [point for points in known.values() for point in points]
    height = _BOTTOM + 30 + _LEGEND * len(known)
    parts = [_line((_LEFT, _BOTTOM), (_RIGHT, _BOTTOM)), _line((_LEFT, _TOP), (_LEFT, _BOTTOM))]
    if every:
        moments, top = sorted(moment for moment, _ in every), max(value for _, value in every)
        parts += [_text(shown(float(top)), _LEFT - 6, _TOP + 8, "end"), _text("0", _LEFT - 6, _BOTTOM, "end")]
        parts += [_text(_day(moments[0]), _LEFT, _BOTTOM + 18, "start")]
        parts += [_text(_day(moments[-1]), _RIGHT, _BOTTOM + 18, "end")]
        for number, (name, points) in enumerate(known.items()):
            places = [_place(point, moments[0], moments[-1], top) for point in points]
            parts += _series(name, places, number)
    form = Markup('<svg viewBox="0 0 {} {}" width="{}" font-size="13">{}</svg>')
    return str(form.format(_RIGHT + 10, height, _RIGHT + 10, Markup("").join(parts)))


def _place(point: Point, first: datetime, last: datetime, top: float) -> tuple[float, float]:
    share = (point[0] - first).total_seconds() / ((last - first).total_seconds() or 1.0)
    risen = max(point[1], 0.0) / (top if top > 0 else 1.0)
    return round(_LEFT + share * (_RIGHT - _LEFT), 1), round(_BOTTOM - risen * (_BOTTOM - _TOP), 1)


def _series(name: str, places: Sequence[tuple[float, float]], number: int) -> Iterator[Markup]:
    colour = _COLOURS[number % len(_COLOURS)]
    line = Markup('<polyline points="{}" style="fill: none; stroke: {}; stroke-width: 2"><title>{}</title></polyline>')
    yield line.format(" ".join(f"{x},{y}" for x, y in places), colour, name)
    for x, y in places:
        yield Markup('<circle cx="{}" cy="{}" r="2.5" style="fill: {}"/>').format(x, y, colour)
    middle = _BOTTOM + 38 + _LEGEND * number
    yield _line((_LEFT, middle), (_LEFT + 20, middle), colour, 3)
    yield _text(name, _LEFT + 28, middle + 4, "start")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _text(text: str, x: float, y: float, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="currentColor">{}</text>').format(x, y, anchor, text)


def _line(start: tuple[float, float], end: tuple[float, float], colour: str = "var(--muted)", width: int = 1) -> Markup:
    form = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" style="stroke: {}; stroke-width: {}"/>')
    return form.format(*start, *end, colour, width)
