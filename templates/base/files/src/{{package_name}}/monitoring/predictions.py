"""The prediction log: every answer of a model with its inputs, and its label when that arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypedDict, Unpack

import sqlalchemy as sa

from ..database import Database, Json, Utc, write_json
from .database import PredictionLogError, open_database

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHADOW", "Labelled", "Outcome", "Prediction", "PredictionLog", "PredictionLogError", "Record", "Role"]

Role = Literal["champion", "challenger", "shadow"]
Prediction = str | int | float | bool

SHADOW = "-shadow"
"""What the id of a shadow's prediction has behind the id of the answer, so that one label reaches both."""

_MANY = 500
_PRUNED = 10_000  # rows of one transaction: the service waits no longer for the database than for that
_COLUMNS = ("id", "time", "request_id", "version", "role", "prediction", "seconds", "label", "labelled")


class Record(NamedTuple):
    """One prediction, in the order of the table's columns: rows go to the driver by their places.

    Attributes
    ----------
    time
        When it was made, in UTC.
    role
        The champion's answer, the challenger's answer, or what a challenger in the shadow would have answered.
    inputs
        As they came, by column.
    probabilities
        By class; None for regression.
    seconds
        How long the model took for it; rows of one batch have equal shares.
    """

    id: str
    time: datetime
    request_id: str
    model: str
    version: int
    role: Role
    inputs: dict[str, Any]
    prediction: Prediction
    probabilities: dict[str, float] | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model said, and what turned out to be true."""

    prediction: Prediction
    probabilities: dict[str, float] | None
    label: Prediction


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a model was asked, and what turned out to be true."""

    id: str
    time: datetime
    inputs: dict[str, Any]
    label: Prediction


class Conditions(TypedDict, total=False):
    """Which predictions to read; None and what is left out is no condition.

    Attributes
    ----------
    since, until
        From this moment on, and before that moment.
    limit
        Most rows; the latest are given.
    """

    since: datetime | None
    until: datetime | None
    version: int | None
    role: Role | None
    limit: int | None


_TABLE = sa.Table(
    "predictions",
    sa.MetaData(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("time", Utc, nullable=False),
    sa.Column("request_id", sa.String(200), nullable=False),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("inputs", Json, nullable=False),
    sa.Column("prediction", Json, nullable=False),
    sa.Column("probabilities", Json),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("label", Json),
    sa.Column("labelled", Utc),
)
sa.Index("predictions_model_time", _TABLE.c.model, _TABLE.c.time)


@dataclass(frozen=True, slots=True)
class PredictionLog:
    """A table of predictions in SQLite or PostgreSQL. Several processes may use it at once."""

    database: Database

    @classmethod
    def open(cls, url: str, root: Path) -> Self:
        """Connect, and make the table if there is none.

        Parameters
        ----------
        url
            Of a database, as SQLAlchemy has it, such as `sqlite:///predictions.db`.
        root
            The folder that a relative SQLite file is in.

        Raises
        ------
        PredictionLogError
            If the database can't be used.
        """
        database = open_database(url, root)
        database.make(_TABLE)
        return cls(database)

    @property
    def address(self) -> str:
        """Where it is, without a password."""
        return self.database.address

    def append(self, records: Sequence[Record]) -> None:
        """Write predictions, all of them or none. Those that are there already stay: who is not sure may try again.

        Raises
        ------
        PredictionLogError
            If they can't be written.
        """
        if not records:
            return
        statement = self.database.insertion(_TABLE, Record._fields)
        try:
            rows = [self._row(record) for record in records]
        except (TypeError, ValueError) as error:
            raise PredictionLogError(f"a prediction can't be written: {error}") from error
        with self.database.writing() as connection:
            connection.exec_driver_sql(statement, rows)

    def read(self, model: str, **conditions: Unpack[Conditions]) -> pd.DataFrame:
        """Read predictions of a model, the oldest first.

        Parameters
        ----------
        conditions
            Which of them: those of `Conditions`, by keyword.

        Returns
        -------
        DataFrame
            `id`, `time`, `request_id`, `version`, `role`, `prediction`, `seconds`, `label` (missing as long as none
            arrived), `labelled` (when it did), `probability_<class>` and `input_<column>`.

        Raises
        ------
        PredictionLogError
            If the database can't be read.
        """
        import pandas as pd

        query = sa.select(_TABLE).where(_TABLE.c.model == model).order_by(_TABLE.c.time.desc(), _TABLE.c.id.desc())
        if (since := conditions.get("since")) is not None:
            query = query.where(_TABLE.c.time >= since)
        if (until := conditions.get("until")) is not None:
            query = query.where(_TABLE.c.time < until)
        if (version := conditions.get("version")) is not None:
            query = query.where(_TABLE.c.version == version)
        if (role := conditions.get("role")) is not None:
            query = query.where(_TABLE.c.role == role)
        if (limit := conditions.get("limit")) is not None:
            query = query.limit(limit)
        with self.database.reading() as connection:
            found = connection.execute(query).mappings().all()
        frame = pd.DataFrame([_flat(row) for row in reversed(found)])
        return frame if found else pd.DataFrame(columns=list(_COLUMNS))

    def add_labels(self, labels: Mapping[str, Prediction]) -> int:
        """Write what turned out to be true, by the id of the prediction. A shadow's prediction gets it too.

        Returns
        -------
        int
            How many of the ids there are. A label that was there is replaced.

        Raises
        ------
        PredictionLogError
            If they can't be written.
        """
        update = sa.update(_TABLE).where(_TABLE.c.id == sa.bindparam("of"))
        update = update.values(label=sa.bindparam("value"), labelled=datetime.now(UTC))
        given = list(labels.items())
        known = 0
        with self.database.writing() as connection:
            for start in range(0, len(given), _MANY):
                part = dict(given[start : start + _MANY])
                wanted = [*part, *(name + SHADOW for name in part)]
                found = connection.scalars(sa.select(_TABLE.c.id).where(_TABLE.c.id.in_(wanted))).all()
                if found:
                    rows = [{"of": name, "value": part[name.removesuffix(SHADOW)]} for name in found]
                    connection.execute(update, rows)
                known += len(part.keys() & set(found))
        return known

    def outcomes(self, model: str, version: int, role: Role, limit: int) -> dict[str, Outcome]:
        """Read what became of predictions that have a label, by their ids, at most so many of the latest.

        Raises
        ------
        PredictionLogError
            If the database can't be read.
        """
        columns = (_TABLE.c.id, _TABLE.c.prediction, _TABLE.c.probabilities, _TABLE.c.label)
        query = sa.select(*columns).where(_TABLE.c.model == model, _TABLE.c.version == version, _TABLE.c.role == role)
        query = query.where(_TABLE.c.label.is_not(None)).order_by(_TABLE.c.time.desc()).limit(limit)
        with self.database.reading() as connection:
            return {name: Outcome(*values) for name, *values in connection.execute(query)}

    def labelled(self, model: str, limit: int) -> list[Labelled]:
        """Read answers whose labels have arrived, the latest first.

        Raises
        ------
        PredictionLogError
            If the database can't be read.
        """
        columns = (_TABLE.c.id, _TABLE.c.time, _TABLE.c.inputs, _TABLE.c.label)
        query = sa.select(*columns).where(_TABLE.c.model == model, _TABLE.c.role != "shadow")
        query = query.where(_TABLE.c.label.is_not(None)).order_by(_TABLE.c.time.desc(), _TABLE.c.id).limit(limit)
        with self.database.reading() as connection:
            return [Labelled(*values) for values in connection.execute(query)]

    def prune(self, before: datetime) -> int:
        """Delete what is older than a moment, and say how many predictions that were.

        Raises
        ------
        PredictionLogError
            If they can't be deleted.
        """
        old = sa.select(_TABLE.c.id).where(_TABLE.c.time < before).limit(_PRUNED)
        deleted = 0
        while True:
            with self.database.writing() as connection:
                part = connection.execute(sa.delete(_TABLE).where(_TABLE.c.id.in_(old))).rowcount
            deleted += part
            if part < _PRUNED:
                return deleted

    def close(self) -> None:
        """End the connections."""
        self.database.close()

    def _row(self, record: Record) -> tuple[Any, ...]:
        name, time, *middle, inputs, prediction, probabilities, seconds = record
        chances = None if probabilities is None else write_json(probabilities)
        return name, self.database.moment(time), *middle, write_json(inputs), write_json(prediction), chances, seconds


def _flat(row: Mapping[Any, Any]) -> dict[str, Any]:
    flat = {name: row[name] for name in _COLUMNS}
    flat |= {f"probability_{name}": value for name, value in (row["probabilities"] or {}).items()}
    flat |= {f"input_{name}": value for name, value in row["inputs"].items()}
    return flat
