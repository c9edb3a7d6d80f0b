"""A chart of values over time, or over steps, as SVG made of text alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from .axes import ticks_around

Point = tuple[datetime | float, float]

WIDTH = 650

_LEFT, _TOP, _BOTTOM = 60, 10, 180
_MARGIN = 10  # at the right
_LEGEND = 20  # height of a name
_MOST = 300  # points that are drawn of a line
_DOTTED = 60  # points of a line that are marked one by one
_COLOURS = ("var(--accent)", "var(--critical)", "var(--good)", "var(--warning)", "var(--muted)")
_DASHES = ("none", "7 4", "2 3")  # when the colours are used up, and for those who do not see them


def course(series: Mapping[str, Sequence[Point]], *, from_zero: bool = True, width: int = WIDTH) -> str:
    """Draw a line for each name. What is no finite number is left out.

    Parameters
    ----------
    series
        Points in the order of their times, or of their steps.
    from_zero
        Whether the scale begins at zero; else where the values begin.
    width
        Of the whole chart.
    """
    known = {name: _thinned([one for one in points if math.isfinite(one[1])]) for name, points in series.items()}
    every = [point for points in known.values() for point in points]
    height = _BOTTOM + 30 + _LEGEND * len(known)
    right = width - _MARGIN
    parts = [_line((_LEFT, _BOTTOM), (right, _BOTTOM))]
    if every:
        scale = _Scale.of(every, right, from_zero=from_zero)
        parts += scale.marks()
        parts += [_text(text, x, _BOTTOM + 18, anchor) for text, x, anchor in _moments(every, scale)]
        for number, (name, points) in enumerate(known.items()):
            parts += _series(name, [scale.place(point) for point in points], number)
    form = Markup('<svg viewBox="0 0 {} {}" width="{}" font-size="13">{}</svg>')
    return str(form.format(width, height, width, Markup("").join(parts)))


@dataclass(frozen=True, slots=True)
class _Scale:
    first: float
    last: float
    levels: Sequence[float]
    right: int

    @classmethod
    def of(cls, points: Sequence[Point], right: int, *, from_zero: bool) -> _Scale:
        moments, values = [_number(moment) for moment, _ in points], [value for _, value in points]
        low, high = min(values), max(values)
        if from_zero:
            low, high = min(low, 0.0), max(high, 0.0)
            high = high if high > low else low + 1.0
        return cls(min(moments), max(moments), ticks_around(low, high), right)

    def place(self, point: Point) -> tuple[float, float]:
        return self.across(_number(point[0])), self.up(point[1])

    def across(self, moment: float) -> float:
        share = (moment - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        return round(_LEFT + share * (self.right - _LEFT), 1)

    def up(self, value: float) -> float:
        share = (value - self.levels[0]) / (self.levels[-1] - self.levels[0])
        return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)

    def marks(self) -> Iterator[Markup]:
        for level in self.levels:
            yield _line((_LEFT, self.up(level)), (self.right, self.up(level)), "var(--line)")
            yield _text(f"{level:.6g}", _LEFT - 6, self.up(level) + 4, "end")


def _moments(points: Sequence[Point], scale: _Scale) -> Iterator[tuple[str, float, str]]:
    """Say what stands below the chart, where, and which end of it: round steps, or the first and the last time."""
    if isinstance(points[0][0], datetime):
        yield from _days(scale)
        return
    if scale.first == scale.last:
        yield f"{scale.first:g}", scale.across(scale.first), "middle"
        return
    for step in ticks_around(scale.first, scale.last, whole=True):
        if scale.first <= step <= scale.last:
            yield f"{step:g}", scale.across(step), "middle"


def _days(scale: _Scale) -> Iterator[tuple[str, float, str]]:
    if scale.first == scale.last:
        yield _day(scale.first), scale.across(scale.first), "middle"
        return
    yield _day(scale.first), _LEFT, "start"
    yield _day(scale.last), scale.right, "end"


def _number(moment: datetime | float) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Take every n-th point and the last, so that a long training makes no heavy page."""
    every = math.ceil(len(points) / _MOST)
    return [point for at, point in enumerate(points) if at % every == 0 or at == len(points) - 1]


def _series(name: str, places: Sequence[tuple[float, float]], number: int) -> Iterator[Markup]:
    colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number // len(_COLOURS) % len(_DASHES)]
    style = Markup("fill: none; stroke: {}; stroke-width: 2; stroke-dasharray: {}").format(colour, dash)
    line = Markup('<polyline points="{}" style="{}"><title>{}</title></polyline>')
    yield line.format(" ".join(f"{x},{y}" for x, y in places), style, name)
    for x, y in places if len(places) <= _DOTTED else ():
        yield Markup('<circle cx="{}" cy="{}" r="2.5" style="fill: {}"/>').format(x, y, colour)
    middle = _BOTTOM + 38 + _LEGEND * number
    form = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" style="{}; stroke-width: 3"/>')
    yield form.format(_LEFT, middle, _LEFT + 28, middle, style)
    yield _text(name, _LEFT + 36, middle + 4, "start")


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"


def _text(text: str, x: float, y: float, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="currentColor">{}</text>').format(x, y, anchor, text)


def _line(start: tuple[float, float], end: tuple[float, float], colour: str = "var(--muted)", width: int = 1) -> Markup:
    form = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" style="stroke: {}; stroke-width: {}"/>')
    return form.format(*start, *end, colour, width)
