"""The prediction log: every answer of a model with its inputs, and its label when that arrives."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack

import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from ..errors import ProjectError

if TYPE_CHECKING:
    import pandas as pd

Role = Literal["champion", "challenger", "shadow"]
Prediction = str | int | float | bool

SHADOW = "-shadow"
"""What the id of a shadow's prediction has behind the id of the answer, so that one label reaches both."""

_MANY = 500
_COLUMNS = ("id", "time", "request_id", "version", "role", "prediction", "seconds", "label", "labelled")


class PredictionLogError(ProjectError):
    """The prediction log can't be opened, written or read."""


@dataclass(frozen=True, slots=True)
class Record:
    """One prediction.

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


class _Utc(sa.TypeDecorator[datetime]):
    """A moment; SQLite forgets its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time must have its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


class _Json(sa.TypeDecorator[Any]):
    """A value as text: in a column of JSON, SQLite makes a number of a text that looks like one."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


_METADATA = sa.MetaData()
_TABLE = sa.Table(
    "predictions",
    _METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("time", _Utc, nullable=False),
    sa.Column("request_id", sa.String(200), nullable=False),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("inputs", _Json, nullable=False),
    sa.Column("prediction", _Json, nullable=False),
    sa.Column("probabilities", _Json),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("label", _Json),
    sa.Column("labelled", _Utc),
)
_INDEX = sa.Index("predictions_model_time", _TABLE.c.model, _TABLE.c.time)


@dataclass(frozen=True, slots=True)
class PredictionLog:
    """A table of predictions in SQLite or PostgreSQL. Several processes may use it at once."""

    address: str
    _engine: Engine

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
        try:
            address = make_url(url)
        except ArgumentError as error:
            raise PredictionLogError("the prediction log has no valid address", hint=_EXAMPLE) from error
        backend = address.get_backend_name()
        if backend not in {"sqlite", "postgresql"}:
            raise PredictionLogError(f"the prediction log can't be in {backend}", hint=_EXAMPLE)
        in_file = backend == "sqlite"
        if in_file and address.database not in {None, "", ":memory:"}:
            address = address.set(database=str(root / str(address.database)))
        address = address.update_query_dict(_PATIENCE[backend] | dict(address.query))
        shown = address.set(query={}).render_as_string(hide_password=True)
        try:
            engine = sa.create_engine(address, pool_pre_ping=not in_file)
        except (ImportError, SQLAlchemyError) as error:
            raise PredictionLogError(f"the prediction log {shown} can't be used: {error}", hint=_EXAMPLE) from error
        if in_file:
            event.listen(engine, "connect", _prepare_sqlite)
        log = cls(shown, engine)
        with log._explained("opened"):
            log._make_table()
        return log

    def append(self, records: Sequence[Record]) -> None:
        """Write predictions, all of them or none. Those that are there already stay: who is not sure may try again.

        Raises
        ------
        PredictionLogError
            If they can't be written.
        """
        if not records:
            return
        with self._explained("written"), self._engine.begin() as connection:
            connection.execute(self._insert(), [_row(record) for record in records])

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
        with self._explained("read"), self._engine.connect() as connection:
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
        with self._explained("written"), self._engine.begin() as connection:
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
        with self._explained("read"), self._engine.connect() as connection:
            return {name: Outcome(*values) for name, *values in connection.execute(query)}

    def prune(self, before: datetime) -> int:
        """Delete what is older than a moment, and say how many predictions that were.

        Raises
        ------
        PredictionLogError
            If they can't be deleted.
        """
        with self._explained("written"), self._engine.begin() as connection:
            return connection.execute(sa.delete(_TABLE).where(_TABLE.c.time < before)).rowcount

    def close(self) -> None:
        """End the connections."""
        self._engine.dispose()

    def _insert(self) -> sa.Insert:
        if self._engine.dialect.name == "postgresql":
            return postgresql.insert(_TABLE).on_conflict_do_nothing()
        return sqlite.insert(_TABLE).on_conflict_do_nothing()

    def _make_table(self) -> None:
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":  # two that make one table at once get in each other's way
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('predictions'))"))
            connection.execute(CreateTable(_TABLE, if_not_exists=True))
            connection.execute(CreateIndex(_INDEX, if_not_exists=True))

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            reason = (str(cause).strip().splitlines() or [type(error).__name__])[0]
            message = f"the prediction log {self.address} can't be {what}: {reason}"
            hint = "is there room on the disk, is the database running, and may this user write there?"
            raise PredictionLogError(message, hint=hint) from error


# Seconds to wait for others that write, or for a server. What the address itself says comes first.
_WAL_SECONDS = 5.0
_PATIENCE = {"sqlite": {"timeout": "5"}, "postgresql": {"connect_timeout": "5"}}
_EXAMPLE = "for example: sqlite:///predictions.db or postgresql+psycopg://user:password@host/database"


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let readers read while one writes, and don't wait for the disk after each batch."""
    cursor = connection.cursor()
    until = time.monotonic() + _WAL_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:  # SQLite does not wait when others change the mode at the same moment
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _row(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "time": record.time,
        "request_id": record.request_id,
        "model": record.model,
        "version": record.version,
        "role": record.role,
        "inputs": record.inputs,
        "prediction": record.prediction,
        "probabilities": record.probabilities,
        "seconds": record.seconds,
    }


def _flat(row: Mapping[Any, Any]) -> dict[str, Any]:
    flat = {name: row[name] for name in _COLUMNS}
    flat |= {f"probability_{name}": value for name, value in (row["probabilities"] or {}).items()}
    flat |= {f"input_{name}": value for name, value in row["inputs"].items()}
    return flat
