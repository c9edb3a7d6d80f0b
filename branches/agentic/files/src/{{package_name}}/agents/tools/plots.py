"""Pictures of what a query gave, drawn without a display."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue

from ...config.settings import one_of
from ..errors import ToolError
from ..tasks import Record
from .queries import Connection
from .sources import Source

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MOST_POINTS = 20_000
_MOST_GROUPS = 12
_MOST_BARS = 30
_PAIR = 2


class Plot(Record):
    """A picture."""

    kind: Literal["histogram", "bar", "box", "line", "scatter", "correlation"]
    x: str = Field(default="", description="A column; all of numbers for a correlation")
    y: str = Field(default="", description="A column, for line and scatter; of a bar it is the mean that is drawn")
    colour: str = Field(default="", description="A column of few values that tells groups apart")
    format: Literal["png", "svg"] = "png"


def draw(
    connection: Connection, plot: Plot, sql: str, source: Source, folder: Path
) -> tuple[Path, dict[str, JsonValue]]:
    """Draw what a query gives, or the whole table, into a folder. The same plot of the same data has the same name.

    Returns
    -------
    path, told
        Where it is, and what is told about it.

    Raises
    ------
    ToolError
        If a column is missing or of no use for the kind, or there is nothing to draw.
    """
    import pandas as pd

    rows = connection.ask(sql or "SELECT * FROM data", rows=_MOST_POINTS)
    frame = pd.DataFrame(rows.rows, columns=list(rows.columns))
    if frame.empty:
        raise ToolError("there is nothing to draw: the query gave no rows", hint="ask for other rows")
    for column in filter(None, (plot.x, plot.y, plot.colour)):
        if column not in frame.columns:
            known = [str(name) for name in frame.columns] if source.vouched else []
            raise ToolError(f"there is no column {column!r}", hint=one_of(column, known))
    try:
        figure = _figure(plot, frame, source.name)
    except (TypeError, ValueError) as error:
        # Not the error's own words: they may quote the data.
        raise ToolError(f"a {plot.kind} of these columns can't be drawn", hint="draw numbers") from error
    path = folder / f"plot-{_digest(plot, frame)}.{plot.format}"
    _save(figure, path)
    told: dict[str, JsonValue] = {"file": path.name, "kind": plot.kind, "rows": len(frame)}
    if rows.cut:
        told["note"] = f"only the first {len(frame)} rows are drawn"
    return path, told


def _figure(plot: Plot, frame: pd.DataFrame, name: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.add_subplot(title=f"{name}: {plot.x or plot.kind}{f' and {plot.y}' if plot.y else ''}")
    if plot.kind == "correlation":
        _correlation(axes, frame)
        return figure
    if not plot.x:
        raise ToolError(f"a {plot.kind} needs x", hint="a profile names the columns")
    if plot.kind in ("line", "scatter") and not plot.y:
        raise ToolError(f"a {plot.kind} needs y", hint="a profile names the columns")
    _KINDS[plot.kind](axes, frame, plot)
    axes.set_xlabel(plot.x)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(title=plot.colour)
    return figure


def _groups(frame: pd.DataFrame, plot: Plot) -> list[tuple[str | None, pd.DataFrame]]:
    if not plot.colour:
        return [(None, frame)]
    found: list[tuple[str | None, pd.DataFrame]] = [
        (str(value), part) for value, part in frame.groupby(plot.colour, sort=True)
    ]
    if len(found) > _MOST_GROUPS:
        raise ToolError(f"{plot.colour} has {len(found)} values: too many colours", hint=f"at most {_MOST_GROUPS}")
    return found


def _histogram(axes: Any, frame: pd.DataFrame, plot: Plot) -> None:
    values = frame[plot.x].dropna().astype(float)
    for label, part in _groups(frame, plot):
        axes.hist(
            part[plot.x].dropna().astype(float), bins=30, range=(values.min(), values.max()), alpha=0.6, label=label
        )
    axes.set_ylabel("rows")


def _bar(axes: Any, frame: pd.DataFrame, plot: Plot) -> None:
    """Draw the mean of y by x, or how many rows each value of x has."""
    grouped = frame.groupby(plot.x)
    found = grouped[plot.y].mean() if plot.y else grouped.size()
    found = found.sort_values(ascending=False).head(_MOST_BARS)
    axes.bar([str(value) for value in found.index], found.to_numpy(dtype=float))
    axes.set_ylabel(f"mean of {plot.y}" if plot.y else "rows")
    axes.tick_params(axis="x", rotation=45 if len(found) > _MOST_GROUPS / 2 else 0)


def _box(axes: Any, frame: pd.DataFrame, plot: Plot) -> None:
    found = _groups(frame, plot)
    axes.boxplot(
        [part[plot.x].dropna().astype(float) for _, part in found], tick_labels=[label or "" for label, _ in found]
    )
    axes.set_ylabel(plot.x)


def _line(axes: Any, frame: pd.DataFrame, plot: Plot) -> None:
    for label, part in _groups(frame, plot):
        ordered = part.sort_values(plot.x)
        axes.plot(ordered[plot.x], ordered[plot.y].astype(float), label=label)
    axes.set_ylabel(plot.y)


def _scatter(axes: Any, frame: pd.DataFrame, plot: Plot) -> None:
    for label, part in _groups(frame, plot):
        axes.scatter(part[plot.x].astype(float), part[plot.y].astype(float), s=12, alpha=0.6, label=label)
    axes.set_ylabel(plot.y)


_KINDS: dict[str, Callable[[Any, pd.DataFrame, Plot], None]] = {
    "bar": _bar,
    "box": _box,
    "histogram": _histogram,
    "line": _line,
    "scatter": _scatter,
}


def _correlation(axes: Any, frame: pd.DataFrame) -> None:
    numbers = frame.select_dtypes("number").iloc[:, :_MOST_BARS]
    if numbers.shape[1] < _PAIR:
        raise ToolError("a correlation needs two columns of numbers", hint="choose them in the query")
    shown = axes.imshow(numbers.corr(), cmap="RdBu_r", vmin=-1, vmax=1)
    names = [str(column) for column in numbers.columns]
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.figure.colorbar(shown, ax=axes)


def _save(figure: Figure, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from ...reports import figure_svg

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".svg":
        path.write_text(figure_svg(figure), encoding="utf-8")
        return
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _digest(plot: Plot, frame: pd.DataFrame) -> str:
    content = plot.model_dump_json() + frame.to_csv(index=False)
    return hashlib.sha256(content.encode()).hexdigest()[:10]
