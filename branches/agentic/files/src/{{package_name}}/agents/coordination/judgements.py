"""What judges said, and the truth once it is known: kept beside the runs, in their database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from ...database import Database, Json, Utc
from ..errors import AgentError
from ..events import Event
from ..tasks import Record
from .calibration import Judgement

JUDGEMENTS = sa.Table(
    "agent_judgements",
    sa.MetaData(),
    sa.Column("judge", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("choice", sa.Text, nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("confidence", sa.Float),
    sa.Column("made", Utc, nullable=False),
    sa.Column("truth", sa.Text),
    sa.Column("known", Utc),
)
sa.Index("agent_judgements_case", JUDGEMENTS.c.case_id)


class Open(Record):
    """A case whose truth is not known yet.

    Attributes
    ----------
    choices
        What each judge chose.
    """

    case: str
    made: datetime
    options: tuple[str, ...]
    choices: dict[str, str]


class Said(Record):
    """What a judge says of a case.

    Attributes
    ----------
    judge
        By which name its judgements belong together, such as `release/critic`.
    model
        That answered: the same role on another model is another judge.
    case
        What it is about: the id of a run, or of an attempt.
    confidence
        How sure it said that it is, from 0 to 1.
    truth
        The option that was right, if that is known.
    """

    judge: str
    model: str = ""
    case: str
    choice: str
    options: tuple[str, ...]
    confidence: float | None = None
    truth: str | None = None


class JudgementStore:
    """Keeps judgements in the database of the runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(JUDGEMENTS)

    def add(self, judgements: Iterable[Said]) -> None:
        """Keep judgements. Of a judge on one case the last counts, until the truth is known."""
        with self._database.writing() as connection:
            _insert(self._database, connection, [_row(one, datetime.now(UTC)) for one in judgements])

    def hear(self, connection: Connection, events: Iterable[Event]) -> None:
        """Keep the votes among events, in the transaction that keeps the events."""
        votes = [one for one in events if one.kind == "vote" and "judge" in one.data]
        _insert(self._database, connection, [_row(_voted(one), one.time) for one in votes])

    def settle(self, case: str, truth: str) -> list[Judgement]:
        """Write down which option of a case was right, and tell who was. Said again, the last word holds.

        Raises
        ------
        AgentError
            If nobody judged the case, or it had no such option.
        """
        this = JUDGEMENTS.c.case_id == case
        with self._database.writing() as connection:
            offered = list(connection.scalars(sa.select(JUDGEMENTS.c.options).where(this)))
            if not offered:
                raise AgentError(f"nobody has judged {case!r}", hint="`agents judges open` names cases")
            options = sorted({option for one in offered for option in one})
            if truth not in options:
                raise AgentError(f"{truth!r} was no option of {case}", hint=f"there were: {', '.join(options)}")
            connection.execute(sa.update(JUDGEMENTS).where(this).values(truth=truth, known=datetime.now(UTC)))
            rows = connection.execute(sa.select(JUDGEMENTS).where(this).order_by(JUDGEMENTS.c.judge))
            return [_judgement(row) for row in rows]

    def is_open(self, case: str) -> bool:
        """Tell whether somebody has judged a case whose truth is not known."""
        this = sa.select(JUDGEMENTS.c.case_id).where(JUDGEMENTS.c.case_id == case, JUDGEMENTS.c.truth.is_(None))
        with self._database.reading() as connection:
            return connection.scalar(this.limit(1)) is not None

    def settled(self, before: datetime | None = None, judges: Sequence[str] = ()) -> list[Judgement]:
        """Give the judgements whose truth is known, or was before a moment, of some judges or of all."""
        query = sa.select(JUDGEMENTS).where(JUDGEMENTS.c.truth.is_not(None))
        if before is not None:
            query = query.where(JUDGEMENTS.c.known < before)
        if judges:
            query = query.where(JUDGEMENTS.c.judge.in_(judges))
        with self._database.reading() as connection:
            return [_judgement(row) for row in connection.execute(query.order_by(JUDGEMENTS.c.known))]

    def open(self, most: int = 50) -> list[Open]:
        """Give cases whose truth is not known, the last first."""
        is_open = JUDGEMENTS.c.truth.is_(None)
        last = sa.func.max(JUDGEMENTS.c.made)
        query = sa.select(JUDGEMENTS.c.case_id).where(is_open).group_by(JUDGEMENTS.c.case_id).order_by(last.desc())
        with self._database.reading() as connection:
            cases = list(connection.scalars(query.limit(most)))
            query = sa.select(JUDGEMENTS).where(is_open, JUDGEMENTS.c.case_id.in_(cases)).order_by(JUDGEMENTS.c.judge)
            found: dict[str, list[Any]] = {case: [] for case in cases}
            for row in connection.execute(query):
                found[row.case_id].append(row)
        return [
            Open(
                case=case,
                made=max(row.made for row in rows),
                options=tuple(rows[0].options),
                choices={row.judge: row.choice for row in rows},
            )
            for case, rows in found.items()
            if rows
        ]


def _voted(event: Event) -> Said:
    data = event.data
    return Said.model_validate(
        {name: data[name] for name in ("judge", "model", "choice", "options", "confidence")} | {"case": event.task_id}
    )


def _row(said: Said, made: datetime) -> dict[str, Any]:
    row = said.model_dump(mode="json")
    row["case_id"] = row.pop("case")
    return {**row, "made": made, "known": None if said.truth is None else made}


def _insert(database: Database, connection: Connection, rows: list[dict[str, Any]]) -> None:
    keys = [column.name for column in JUDGEMENTS.primary_key]
    last = {tuple(row[name] for name in keys): row for row in rows}  # PostgreSQL updates no row twice at once
    if not last:
        return
    new = (postgresql.insert if database.shared else sqlite.insert)(JUDGEMENTS)
    newer = {column.name: new.excluded[column.name] for column in JUDGEMENTS.c if column.name not in keys}
    connection.execute(
        new.on_conflict_do_update(index_elements=keys, set_=newer, where=JUDGEMENTS.c.truth.is_(None)),
        list(last.values()),
    )


def _judgement(row: Any) -> Judgement:
    return Judgement(
        judge=row.judge,
        model=row.model,
        case=row.case_id,
        correct=row.choice == row.truth,
        confidence=row.confidence,
    )
