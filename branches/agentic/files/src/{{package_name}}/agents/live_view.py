"""A run in a terminal while it grows: its tree, what is under way, and how much of its limits is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.console import Group as Lines
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .events import Event
from .observability.outline import Node, Outline, Totals
from .safety.taint import visible
from .tasks import Limits, Status

_REFRESH = 8  # times a second
_KEPT_FREE = 4  # lines below the tree
_MARKS = {"plan": "≡", "message": "✉", "approval_asked": "?", "approval_given": "!", "vote": "☑", "decision": "⚖"}


class LiveView:
    """A listener that draws the tree of a run; to be used in a ``with`` block. The whole tree stays when it ends.

    Parameters
    ----------
    limits
        Of the run: what is left of them is shown.
    """

    def __init__(self, console: Console, limits: Limits | None = None) -> None:
        self._console = console
        self._limits = limits or Limits()
        self._outline = Outline()
        self._lock = threading.Lock()
        self._spinner = Spinner("dots")
        self._clock: float | None = None
        self._over = False
        self._live = Live(get_renderable=self.render, console=console, refresh_per_second=_REFRESH)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            self._clock = self._clock or time.monotonic()
            self._outline(event)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._live.stop()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the terminal to a question."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start(refresh=True)

    def render(self) -> RenderableType:
        """Draw how the run stands; while it goes on, the last rows that fit."""
        with self._lock:
            last = self._outline.last
            rows, totals = self._outline.rows(last), self._outline.totals(last)
        most = len(rows) if self._over else max(self._console.height - _KEPT_FREE, 1)
        shown = rows[-most:]
        above = len(rows) - len(shown)
        first = [Text(f"… {above:,} rows above", style="dim")] if above else []
        return Lines(*first, self._tree(shown, last), self._sum(totals))

    def _tree(self, rows: Sequence[Node], at: int) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        for node in rows:
            seconds = "" if node.seconds is None else f"{node.seconds:.2f} s"
            table.add_row(self._mark(node, at), _line(node, at), Text(seconds, style="dim"))
        return table

    def _mark(self, node: Node, at: int) -> RenderableType:
        if node.fault:
            return Text("✕" if node.kind != "warning" else "!", style="red")
        if node.over(at):
            whole = node.kind != "agent" or node.outcome == Status.DONE
            return Text("✓", style="green") if whole else Text("·", style="yellow")
        if node.kind in {"agent", "model", "tool"}:
            return Text("·", style="yellow") if self._over else self._spinner
        return Text(_MARKS.get(node.kind, "·"), style="cyan")

    def _sum(self, totals: Totals) -> Text:
        limits = self._limits
        # The clock of this terminal goes on between events; of a run that is over, its own holds.
        running = time.monotonic() - self._clock if self._clock and not self._over else totals.seconds
        parts = [
            _of(f"{totals.steps:,}", f"{limits.steps:,} steps" if limits.steps else "", "steps"),
            _of(f"{totals.tokens:,}", f"{limits.tokens:,} tokens" if limits.tokens else "", "tokens"),
            _of(f"{running:.0f}", f"{limits.seconds:g} s" if limits.seconds else "", "s"),
            _of(f"{totals.cost:.4f}", f"{limits.money:g} US dollars" if limits.money else "", "US dollars"),
        ]
        return Text(" · ".join(parts), style="dim")


def _of(used: str, limit: str, unit: str) -> str:
    return f"{used} of {limit}" if limit else f"{used} {unit}"


def _line(node: Node, at: int) -> Text:
    text = Text("  " * node.depth)
    spans = node.kind in {"agent", "model", "tool"}
    text.append(visible(node.title), style="bold" if node.kind == "agent" else "")
    if node.line:
        text.append(f" {node.line}", style="" if node.kind in {"approval_asked", "warning"} else "dim")
    if spans and node.over(at) and node.outcome:
        text.append(f" → {node.outcome}", style="red" if node.fault else "")
    if node.tainted:
        text.append(" untrusted", style="yellow")
    return text
