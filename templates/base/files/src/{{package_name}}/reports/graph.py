"""What leads to what, as SVG made of text alone: names in columns, with lines from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

_BOX = 190  # width of a name
_HEIGHT = 26
_GAP = 64  # between columns
_ROOM = 8  # between names
_PASS = 6  # height that a line needs beside names
_TOP = 28  # for the headings
_LETTERS = 24  # that fit into a box


@dataclass(slots=True)
class _Place:
    """A box in its column, or a line that passes the column; `before` is what leads to it."""

    label: str
    column: int
    passes: bool
    before: list[_Place] = field(default_factory=list)
    top: float = 0.0

    @property
    def height(self) -> int:
        return _PASS if self.passes else _HEIGHT

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    @property
    def left(self) -> int:
        return self.column * (_BOX + _GAP)


def graph(columns: Mapping[str, Mapping[str, str]], edges: Sequence[tuple[str, str]]) -> str:
    """Draw names in columns, and a line for each edge to a column further right; other edges are left out.

    Names are put in an order that crosses few lines, and a line goes round the names of a column that it passes.

    Parameters
    ----------
    columns
        By heading, from left to right: names with what is written for each. No name is in two columns.
    edges
        From, to.
    """
    rows = _place(columns, edges)
    tallest = max(map(_height, rows), default=0)
    for row in rows:
        _order(row, _TOP + (tallest - _height(row)) / 2)
    height = _TOP + tallest
    width = len(columns) * (_BOX + _GAP) - _GAP
    places = [place for row in rows for place in row]
    parts = [line for place in places for line in _lines(place)]
    parts += [_heading(text, number) for number, text in enumerate(columns)]
    parts += [_box(place) for place in places if not place.passes]
    form = Markup('<svg viewBox="-1 0 {} {}" width="{}" font-size="13">{}</svg>')
    return str(form.format(width + 2, height, width + 2, Markup("").join(parts)))


def _place(columns: Mapping[str, Mapping[str, str]], edges: Sequence[tuple[str, str]]) -> list[list[_Place]]:
    many = [
        {name: _Place(label, column, passes=False) for name, label in names.items()}
        for column, names in enumerate(columns.values())
    ]
    rows = [list(places.values()) for places in many]
    known = {name: place for places in many for name, place in places.items()}
    passing: dict[tuple[str, int], _Place] = {}  # lines of one name share their way
    for source, target in edges:
        if source not in known or target not in known:
            continue
        last, end = known[source], known[target]
        for column in range(last.column + 1, end.column):
            key = (source, column)
            if key not in passing:
                passing[key] = _Place("", column, passes=True, before=[last])
                rows[column].append(passing[key])
            last = passing[key]
        if last.column < end.column:
            end.before.append(last)
    return rows


def _height(row: Sequence[_Place]) -> int:
    return sum(place.height + _ROOM for place in row)


def _order(row: list[_Place], top: float) -> None:
    """Put each beside the mean of what leads to it."""

    def wanted(place: _Place) -> float:
        return sum(one.middle for one in place.before) / len(place.before) if place.before else 0.0

    row.sort(key=wanted)
    for place in row:
        place.top = top
        top += place.height + _ROOM


def _lines(place: _Place) -> Iterator[Markup]:
    form = Markup('<path d="M {} {} C {} {} {} {} {} {}{}" style="fill: none; stroke: var(--muted); stroke-width: 1"/>')
    for one in place.before:
        start, end = one.left + _BOX, place.left
        half = (start + end) // 2
        across = f" H {place.left + _BOX}" if place.passes else ""
        yield form.format(start, one.middle, half, one.middle, half, place.middle, end, place.middle, across)


def _box(place: _Place) -> Markup:
    text = place.label if len(place.label) <= _LETTERS else f"{place.label[: _LETTERS - 1]}…"
    form = Markup(
        '<rect x="{}" y="{}" width="{}" height="{}" rx="4" style="fill: var(--ground); stroke: var(--line)"/>'
        '<text x="{}" y="{}"><title>{}</title>{}</text>'
    )
    return form.format(place.left, place.top, _BOX, _HEIGHT, place.left + 10, place.top + 18, place.label, text)


def _heading(text: str, column: int) -> Markup:
    return Markup('<text x="{}" y="13" style="fill: var(--muted)">{}</text>').format(column * (_BOX + _GAP), text)
