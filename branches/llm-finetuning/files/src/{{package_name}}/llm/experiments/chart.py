"""How a difference became known over time, as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ...reports.blocks import shown
from .summary import Point

_WIDTH, _HEIGHT = 640, 240
_LEFT, _BOTTOM, _TOP = 64, 28, 10


def course_svg(points: Sequence[Point]) -> str:
    """Draw differences with their always-valid intervals as a band, and a line at zero.

    Parameters
    ----------
    points : sequence of Point
        At least one.
    """
    low, high = min(0.0, *(one.low for one in points)), max(0.0, *(one.high for one in points))
    first, last = points[0].users, points[-1].users

    def across(users: int) -> float:
        return round(_LEFT + (users - first) / max(last - first, 1) * (_WIDTH - _LEFT - 10), 1)

    def up(value: float) -> float:
        return round(_TOP + (high - value) / max(high - low, 1e-12) * (_HEIGHT - _TOP - _BOTTOM), 1)

    def path(ends: Sequence[tuple[int, float]]) -> str:
        return " ".join(f"{across(users)},{up(value)}" for users, value in ends)

    upper = [(one.users, one.high) for one in points]
    lower = [(one.users, one.low) for one in reversed(points)]
    parts = [
        Markup('<polygon points="{}" style="fill: var(--accent); opacity: 0.2"/>').format(path([*upper, *lower])),
        _line(_LEFT, up(0), _WIDTH - 10, up(0), "var(--muted)"),
        Markup('<polyline points="{}" style="fill: none; stroke: var(--accent); stroke-width: 2"/>').format(
            path([(one.users, one.difference) for one in points])
        ),
    ]
    parts += [_text(_LEFT - 6, up(value) + 4, "end", shown(float(f"{value:.3g}"))) for value in {low, 0.0, high}]
    parts.append(_text(_LEFT, _HEIGHT - 8, "start", f"{first} users"))
    if last > first:
        parts.append(_text(_WIDTH - 10, _HEIGHT - 8, "end", f"{last} users of each variant"))
    form = Markup('<svg viewBox="0 0 {} {}" width="{}" font-size="13">{}</svg>')
    return str(form.format(_WIDTH, _HEIGHT, _WIDTH, Markup("").join(parts)))


def _line(left: float, top: float, right: float, bottom: float, colour: str) -> Markup:
    form = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" style="stroke: {}; stroke-width: 1"/>')
    return form.format(left, top, right, bottom, colour)


def _text(left: float, top: float, anchor: str, text: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(left, top, anchor, text)
