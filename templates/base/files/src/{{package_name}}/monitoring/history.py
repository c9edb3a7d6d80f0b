"""What monitoring has found of each model, run by run, in the database of the prediction log: all machines see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, ValidationError

from ..database import Database, Json, Utc
from ..logs import get_logger
from .errors import MonitoringError
from .report import Kind, MonitoringReport, folder_of
from .state import State

_log = get_logger(__name__)

_METADATA = sa.MetaData()
_REPORTS = sa.Table(
    "monitoring_reports",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("time", Utc, nullable=False),
    sa.Column("numbers", Json, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
)
sa.Index("monitoring_reports_model", _REPORTS.c.model, _REPORTS.c.id)
_STATES = sa.Table(
    "monitoring_states",
    _METADATA,
    sa.Column("model", sa.String(100), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
)


class Numbers(BaseModel):
    """A report in numbers: what is followed over time.

    Attributes
    ----------
    alarms
        How many there are of each kind; kinds without any are left out.
    psi
        Population stability index of inputs and predictions by column, where there were enough values.
    drifted
        The columns that have drifted.
    faulty
        Greatest share of faulty values, by column; `whole rows` are those that repeat others.
    scores
        Of the champion on labels that have arrived, by metric.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    version: int
    created: datetime
    status: str
    rows: int
    alarms: dict[Kind, int]
    psi: dict[str, float]
    drifted: list[str]
    faulty: dict[str, float]
    scores: dict[str, float]
    retraining: str | None

    @classmethod
    def of(cls, report: MonitoringReport) -> Self:
        """Take the numbers of a report."""
        faulty: dict[str, float] = {}
        for issue in report.issues:
            name = issue.column or "whole rows"
            faulty[name] = max(issue.share, faulty.get(name, 0.0))
        own = [one for one in report.performance if one.version == report.version]
        return cls(
            model=report.model,
            version=report.version,
            created=report.created,
            status=report.status,
            rows=report.rows,
            alarms=Counter(alarm.kind for alarm in report.alarms),
            psi={one.column: one.psi for one in report.drift if one.psi is not None},
            drifted=[one.column for one in report.drift if one.drifted],
            faulty=faulty,
            scores={s.metric: s.current.value for one in own for s in one.scores if s.current.value is not None},
            retraining=report.retraining.outcome if report.retraining else None,
        )

    @property
    def greatest(self) -> tuple[str, float] | None:
        """The column that differs most from training, and its index."""
        return max(self.psi.items(), key=lambda item: item[1], default=None)


@dataclass(frozen=True, slots=True)
class History:
    """The reports of all models, and what the next run must know of the last."""

    database: Database
    root: Path

    @classmethod
    def open(cls, database: Database, root: Path) -> Self:
        """Make the tables if they are not there.

        Parameters
        ----------
        root
            The project's folder, which has the locks of this machine.

        Raises
        ------
        PredictionLogError
            If the database can't be used.
        """
        database.make(_REPORTS, _STATES)
        return cls(database, root)

    def add(self, report: MonitoringReport, keep: int) -> None:
        """Keep a report, and delete all but the last `keep` of its model."""
        numbers = Numbers.of(report).model_dump(mode="json")
        row = {"model": report.model, "time": report.created, "numbers": numbers, "report": report.model_dump_json()}
        mine = _REPORTS.c.model == report.model
        last = sa.select(_REPORTS.c.id).where(mine).order_by(_REPORTS.c.id.desc()).limit(keep)
        with self.database.writing() as connection:
            connection.execute(sa.insert(_REPORTS), row)
            connection.execute(sa.delete(_REPORTS).where(mine, _REPORTS.c.id.not_in(last)))

    def models(self) -> list[str]:
        """Name the models that have a report."""
        with self.database.reading() as connection:
            return sorted(connection.scalars(sa.select(_REPORTS.c.model).distinct()))

    def read(self, model: str) -> MonitoringReport:
        """Read the latest report of a model.

        Raises
        ------
        MonitoringError
            If there is none, or it is of another version of this project.
        """
        query = sa.select(_REPORTS.c.report).where(_REPORTS.c.model == model).order_by(_REPORTS.c.id.desc()).limit(1)
        hint = f"make one with `monitor run --model {model}`"
        with self.database.reading() as connection:
            found = connection.scalar(query)
        if found is None:
            raise MonitoringError(f"there is no report of {model[:100]}", hint=hint)
        try:
            return MonitoringReport.model_validate_json(found)
        except ValidationError as error:
            message = f"the report of {model} is damaged, or of another version of this project"
            raise MonitoringError(message, hint=hint) from error

    def numbers(self, model: str, limit: int) -> list[Numbers]:
        """Read the numbers of a model's last runs, the newest first, save those of another version of this project."""
        query = sa.select(_REPORTS.c.numbers).where(_REPORTS.c.model == model)
        with self.database.reading() as connection:
            rows = connection.scalars(query.order_by(_REPORTS.c.id.desc()).limit(limit)).all()
        return [numbers for row in rows if (numbers := _numbers(row))]

    @contextmanager
    def locked(self, model: str) -> Iterator[State]:
        """Read what runs must know of each other, and let others wait for it until the `with` block ends."""
        with self._lock("state", model, wait=True):
            yield self._state(model)

    def keep(self, model: str, state: State) -> None:
        """Write what later runs must know."""
        row = {"model": model, "state": state.model_dump_json()}
        with self.database.writing() as connection:
            connection.execute(sa.delete(_STATES).where(_STATES.c.model == model))
            connection.execute(sa.insert(_STATES), row)

    def retraining(self, model: str) -> AbstractContextManager[bool]:
        """Keep others from retraining a model in the `with` block; gives whether nobody else is at it."""
        return self._lock("retraining", model, wait=False)

    def _lock(self, what: str, model: str, *, wait: bool) -> AbstractContextManager[bool]:
        folder = folder_of(self.root, model)
        if not self.database.shared:
            folder.mkdir(parents=True, exist_ok=True)
        return self.database.lock(f"monitoring {what} {model}", folder / f"{what}.lock", wait=wait)

    def _state(self, model: str) -> State:
        """Read the state of a model. What is damaged is forgotten: an alert too many is better than none."""
        with self.database.reading() as connection:
            found = connection.scalar(sa.select(_STATES.c.state).where(_STATES.c.model == model))
        try:
            return State.model_validate_json(found) if found else State()
        except ValidationError as error:
            _log.warning(
                "what monitoring knew of earlier runs is lost", model=model, reason=str(error.errors()[0]["msg"])
            )
            return State()


def _numbers(row: Any) -> Numbers | None:
    try:
        return Numbers.model_validate(row)
    except ValidationError:
        return None
