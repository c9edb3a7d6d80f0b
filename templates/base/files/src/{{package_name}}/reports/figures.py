"""Figures: drawn by matplotlib, and set into a page that already has others."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from .errors import ReportError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

    from .blocks import Figure

_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_STRUCTURE = {"svg", "g", "defs", "symbol", "use", "title", "desc"}
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "image"}
_PAINT = {"clippath", "lineargradient", "marker", "pattern", "radialgradient", "stop"}
_TAGS = _STRUCTURE | _SHAPES | _PAINT
_DROPPED = {"metadata", "style"}
_REFERENCE = re.compile(r"url\(\s*['\"]?\s*#([^'\")\s]+)\s*['\"]?\s*\)")
_LOADS = re.compile(r"url|image|\\|@", re.IGNORECASE)  # in CSS; a backslash could spell either
_BLACK = re.compile(r"#000000|#000\b|\bblack\b")
_NAME = re.compile(r"[a-z][a-z0-9:_-]*")
_IMAGES = ("data:image/png;base64,", "data:image/jpeg;base64,")


def figure_svg(figure: Drawing) -> str:
    """Draw a figure of matplotlib as an SVG document: the same text for the same figure, and no background.

    What is pure black takes the text colour of the page, so that axes and labels can be read on a dark one too. Text
    that stands on a colour of its own should therefore have another shade.
    """
    import matplotlib as mpl

    target = io.StringIO()
    # Text stays text, in the font of the page; and ids depend on the figure alone.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(target, format="svg", transparent=True, metadata=_NO_METADATA)
    return target.getvalue()


def inline(figure: Figure, prefix: str) -> Markup:
    """Write a figure's SVG as a part of a page.

    Its ids get a prefix, so that two figures do not take each other's parts. Only what draws is let through.

    Raises
    ------
    ReportError
        If it is no complete SVG, would run a script, or would load something from elsewhere.
    """
    parser = _Inliner(figure, prefix)
    parser.feed(figure.svg)
    parser.close()
    return parser.result()


class _Inliner(HTMLParser):
    """Writes down again what is allowed. An HTML parser reads SVG as the browser will."""

    def __init__(self, figure: Figure, prefix: str) -> None:
        super().__init__()
        self._figure = figure
        self._prefix = prefix
        self._open: list[str] = []
        self._skipped = 0
        self._parts: list[Markup] = []

    def result(self) -> Markup:
        if self._open or not self._parts:
            raise self._refusal("is no complete SVG document")
        return Markup("").join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped or tag in _DROPPED:
            self._skipped += 1
            return
        self._write(Markup("<{}{}>"), tag, attrs)
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._skipped and tag not in _DROPPED:
            self._write(Markup("<{}{}/>"), tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif self._open and self._open.pop() == tag:
            self._parts.append(Markup("</{}>").format(tag))
        else:
            raise self._refusal(f"has a </{tag}> too many")

    def handle_data(self, data: str) -> None:
        if self._open and not self._skipped:
            self._parts.append(escape(data))

    def _write(self, form: Markup, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS or (not self._open and (tag != "svg" or self._parts)):
            raise self._refusal(f"holds <{tag}>, which has no place there")
        values = {name: value or "" for name, value in attrs if not name.startswith("xmlns")}
        if not self._open:
            if "viewbox" in values:
                values.pop("height", None)  # follows from the width, which the page may shrink
            values |= {"role": "img", "aria-label": self._figure.alt}
        pair = Markup(' {}="{}"')
        pairs = Markup("").join(pair.format(name, self._value(name, value)) for name, value in values.items())
        self._parts.append(form.format(tag, pairs))

    def _value(self, name: str, value: str) -> str:
        if name == "aria-label":
            return value  # words, such as an address or "Recall@5"
        if name == "id":
            return self._prefix + value
        if name in {"href", "xlink:href"}:
            if value.startswith(_IMAGES):
                return value
            if value.startswith("#"):
                return f"#{self._prefix}{value[1:]}"
            raise self._refusal(f"refers to {value[:80]!r} outside of itself")
        if name.startswith("on") or not _NAME.fullmatch(name):
            raise self._refusal(f"has the attribute {name[:80]!r}")
        if name == "aria-label":  # a text that is read out, whatever it says
            return value
        if _LOADS.search(_REFERENCE.sub("", value)):
            raise self._refusal(f"loads something in {name!r}")
        if name in {"style", "fill", "stroke"}:
            value = _BLACK.sub("currentcolor", value)
        return _REFERENCE.sub(rf"url(#{self._prefix}\1)", value)

    def _refusal(self, reason: str) -> ReportError:
        hint = "make it with figure_svg, or of shapes and text only"
        return ReportError(f"the SVG of the figure {self._figure.caption!r} {reason}", hint=hint)
