"""What every step of a demonstration shares: the project, its workspace, and the report that grows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from ..config import Config
from ..models.workspace import Workspace
from ..reports import Report, Section, Table, Text

CLASSIFICATION = "breast-cancer"
REGRESSION = "diabetes"


@dataclass(slots=True)
class Step:
    """One step: what it did, as parts of the report and as data."""

    title: str
    blocks: list[Any] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def say(self, text: str) -> None:
        """Tell the person who waits."""
        typer.echo(f"  {text}")

    def show(self, *blocks: Any) -> None:
        """Put something into the report."""
        self.blocks += blocks


@dataclass(slots=True)
class Journey:
    """The steps that were made."""

    config: Config
    workspace: Workspace
    folder: Path
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Make one step, and take its time."""
        typer.echo(title)
        step = Step(title)
        start = time.perf_counter()
        yield step
        step.seconds = time.perf_counter() - start
        self.steps.append(step)

    def write(self, title: str, summary: str) -> Path:
        """Write `report.json` and `index.html` into the folder.

        Returns
        -------
        Path
            Of the page.
        """
        seconds = sum(step.seconds for step in self.steps)
        made = f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, in {seconds:.0f} s."
        times = Table(("step", "seconds"), [(step.title, round(step.seconds, 1)) for step in self.steps])
        sections = [Section(step.title, step.blocks) for step in self.steps]
        page = Report(title, summary, [*sections, Section("Time", [Text(made), times])])
        self.folder.mkdir(parents=True, exist_ok=True)
        data = {"seconds": round(seconds, 1), "steps": [_plain(step) for step in self.steps]}
        (self.folder / "report.json").write_text(
            json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        path = self.folder / "index.html"
        page.write(path)
        return path


def _plain(step: Step) -> dict[str, Any]:
    return {"title": step.title, "seconds": round(step.seconds, 2), **step.facts}
