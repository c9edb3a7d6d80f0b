"""Small charts as SVG, made of text alone: quick enough for a page that is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .blocks import shown

_WIDTH = 400
_ROW = 28
_NAMES = 150  # of the width
_NUMBERS = 70
_COLUMN = 80  # height of a histogram
_LONGEST = 20  # letters that fit beside a bar
_COLOUR = "var(--accent)"


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart: a value, and how far it may be off."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


def bars(rows: Sequence[Bar]) -> str:
    """Draw a bar from zero for each value that is a finite number; the others have their names only."""
    scale = _Scale.of([one.value for one in rows])
    return _svg(rows, scale, _bar)


def intervals(rows: Sequence[Bar]) -> str:
    """Draw a point with its interval for each value, and a line at zero."""
    ends = [end for one in rows for end in (one.value, one.low, one.high) if end is not None]
    scale = _Scale.of(ends)
    return _svg(rows, scale, _interval)


def columns(shares: Sequence[float], low: str, high: str) -> str:
    """Draw a column for each share of a histogram, with the ends of its range below.

    Parameters
    ----------
    shares
        Finite numbers from 0 on.
    """
    step = _WIDTH / max(len(shares), 1)
    scale = _COLUMN / max(shares) if any(shares) else 0.0
    form = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" style="fill: {}"/>')
    parts = [
        form.format(place * step, _COLUMN - share * scale, step - 1, share * scale, _COLOUR)
        for place, share in enumerate(shares)
    ]
    parts.append(_line((0, _COLUMN), (_WIDTH, _COLUMN), "var(--muted)", 1))
    text = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>')
    parts += [text.format(0, _COLUMN + 18, "start", low), text.format(_WIDTH, _COLUMN + 18, "end", high)]
    whole = Markup('<svg viewBox="0 0 {} {}" width="{}" font-size="13">{}</svg>')
    return str(whole.format(_WIDTH, _COLUMN + 24, _WIDTH, Markup("").join(parts)))


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> _Scale:
        known = [value for value in values if math.isfinite(value)]
        low, high = min(known, default=0.0), max(known, default=0.0)
        low, high = min(low, 0.0), max(high, 0.0)
        return cls(low, high if high > low else low + 1.0)

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_NAMES + share * (_WIDTH - _NAMES - _NUMBERS), 1)


def _svg(rows: Sequence[Bar], scale: _Scale, draw: Callable[[Bar, _Scale, int], Iterator[Markup]]) -> str:
    height = _ROW * max(len(rows), 1)
    parts = [_line((scale.at(0), 0), (scale.at(0), height), "var(--muted)", 1)]
    for number, row in enumerate(rows):
        middle = number * _ROW + _ROW // 2
        parts += [_name(row.name, middle), _number(row.value, middle)]
        if math.isfinite(row.value):
            parts += draw(row, scale, middle)
    form = Markup('<svg viewBox="0 0 {} {}" width="{}" font-size="13">{}</svg>')
    return str(form.format(_WIDTH, height, _WIDTH, Markup("").join(parts)))


def _bar(row: Bar, scale: _Scale, middle: int) -> Iterator[Markup]:
    start, end = sorted((scale.at(0), scale.at(row.value)))
    form = Markup('<rect x="{}" y="{}" width="{}" height="14" style="fill: {}"/>')
    yield form.format(start, middle - 7, round(end - start, 1), _COLOUR)


def _interval(row: Bar, scale: _Scale, middle: int) -> Iterator[Markup]:
    if row.low is not None and row.high is not None:
        yield _line((scale.at(row.low), middle), (scale.at(row.high), middle), _COLOUR, 3)
    yield Markup('<circle cx="{}" cy="{}" r="5" style="fill: {}"/>').format(scale.at(row.value), middle, _COLOUR)


def _name(name: str, middle: int) -> Markup:
    text = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    form = Markup('<text x="0" y="{}"><title>{}</title>{}</text>')
    return form.format(middle + 5, name, text)


def _number(value: float, middle: int) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(_WIDTH, middle + 5, shown(float(value)))


def _line(start: tuple[float, int], end: tuple[float, int], colour: str, width: int) -> Markup:
    form = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" style="stroke: {}; stroke-width: {}"/>')
    return form.format(*start, *end, colour, width)
