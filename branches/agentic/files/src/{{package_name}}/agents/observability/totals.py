"""Sums over all runs, kept beside them: runs are done in several processes, and forgotten after some time."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from ...database import Database
from ...errors import ProjectError
from ...logs import get_logger
from ..events import Event
from ..tasks import Status

_TABLE = sa.Table(
    "agent_totals",
    sa.MetaData(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("value", sa.Float, nullable=False),
)
_ADD = """
INSERT INTO {table} AS known (name, label, value) VALUES (:name, :label, :value)
ON CONFLICT (name, label) DO UPDATE SET value = known.value + excluded.value
"""

Totals = Mapping[tuple[str, str], float]
"""By the name of a sum and its labels, which a line feed parts."""


class TotalsStore:
    """Keeps the sums in the database of the runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(_TABLE)
        self._add = sa.text(_ADD.format(table=database.name_of(_TABLE)))

    def add(self, totals: Totals) -> None:
        """Add to the sums."""
        # In one order, so that two processes can't wait for each other.
        rows = [{"name": name, "label": label, "value": value} for (name, label), value in sorted(totals.items())]
        if rows:
            with self._database.writing() as connection:
                connection.execute(self._add, rows)

    def read(self) -> dict[tuple[str, str], float]:
        """Give the sums."""
        with self._database.reading() as connection:
            return {(row.name, row.label): row.value for row in connection.execute(sa.select(_TABLE))}


class TotalsCounter:
    """A listener that counts what happens in a part of a run; `keep` adds it to the sums."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], float] = {}

    def __call__(self, event: Event) -> None:
        """Count an event."""
        data = event.data
        if event.kind == "model_ended" and isinstance(data["usage"], dict):
            model, usage = str(data["model"]), data["usage"]
            self._add("model_calls", model, 1)
            self._add("tokens", f"{model}\ninput", usage["input_tokens"])
            self._add("tokens", f"{model}\noutput", usage["output_tokens"])
            self._add("cost", model, usage["cost"])
        elif event.kind == "tool_ended":
            # A model may call what there is not, by any name: only tools that there are have an effect.
            tool = str(data["tool"]) if data["effect"] else "unknown"
            self._add("tool_calls", f"{tool}\n{'failed' if data['error'] else 'done'}", 1)
            self._add("tool_seconds", tool, data["seconds"])
        elif event.kind == "approval_given":
            self._add("approvals", "approved" if data["approved"] else "refused", 1)

    def keep(self, store: TotalsStore, status: Status) -> None:
        """Add what was counted to the sums, with how the run ended if it did. Failing at it ends no run."""
        if status.ended:
            self._add("tasks", status.value, 1)
        counted, self._counted = self._counted, {}
        try:
            store.add(counted)
        except ProjectError as error:
            get_logger(__name__).error("what a run used is not counted", reason=str(error))

    def _add(self, name: str, label: str, value: object) -> None:
        if isinstance(value, int | float):
            self._counted[name, label] = self._counted.get((name, label), 0) + value
