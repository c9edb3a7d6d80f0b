"""The journal of effects: what was begun and what came of it, so that a run that goes on repeats nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ...database import Database, Utc
from ..jsonable import canonical
from ..session import Begun, Known, Unknown
from ..tools.spec import Tool, ToolOutput
from .errors import DurabilityError
from .serializer import JSON_TYPE, JsonSerializer

_TABLE = sa.Table(
    "agent_effects",
    sa.MetaData(),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("arguments", sa.Text, nullable=False),
    sa.Column("begun", Utc, nullable=False),
    sa.Column("ended", Utc),
    sa.Column("output", sa.Text),  # may hold halves of characters, which the serializer can write
)
sa.Index("agent_effects_begun", _TABLE.c.begun)
_EFFECT = _TABLE.c
_JSON = JsonSerializer()


class EffectJournal:
    """Remembers effects in a database. It is the `Journal` of a session.

    What is begun is written down before the call is made, and what came of it before the run goes on. So a call of
    which only the beginning is known may have had its effect: it is made again where the receiver honours its key, and
    reported otherwise.

    Parameters
    ----------
    safe
        The same database, opened so that it waits for the disk: a call that must not be made twice is there before it
        begins, even if the power fails. Nothing else needs that: an answer that is lost is a call in doubt.
    """

    def __init__(self, database: Database, safe: Database | None = None) -> None:
        self._database, self._safe = database, safe or database
        database.make(_TABLE)
        self._insert = database.insertion(_TABLE, ["key", "tool", "arguments", "begun"])

    def begin(self, key: str, tool: Tool, arguments: Mapping[str, Any]) -> Begun | Known | Unknown:
        """Write down that a call begins, or tell what is known of it.

        Raises
        ------
        DurabilityError
            If the journal can't be written, or knows the key for another call.
        """
        given = sha256(canonical(dict(arguments)).encode()).hexdigest()
        now = self._database.moment(datetime.now(UTC))
        with (self._database if tool.honours_key else self._safe).writing() as connection:
            if connection.exec_driver_sql(self._insert, (key, tool.name, given, now)).rowcount == 1:
                return Begun()
            found = connection.execute(sa.select(_TABLE).where(_EFFECT.key == key)).one()
        if (found.tool, found.arguments) != (tool.name, given):
            message = f"the key {key[:12]}… belongs to another call of {found.tool}"
            raise DurabilityError(message, hint="the run or its code was changed: begin it anew under another id")
        if found.ended is not None:
            return Known(_read_output(found.output))
        return Begun() if tool.honours_key else Unknown(found.begun)

    def end(self, key: str, output: ToolOutput) -> None:
        """Write down what a call gave; the first answer to a key stays.

        Raises
        ------
        DurabilityError
            If the journal can't be written.
        """
        kept = {"content": output.content, "files": [str(file) for file in output.files]}
        kept |= {"tainted": output.tainted, "cost": output.cost}
        written = _JSON.dumps_typed(kept)[1].decode()
        ended = sa.update(_TABLE).where(_EFFECT.key == key, _EFFECT.ended.is_(None))
        with self._database.writing() as connection:
            connection.execute(ended.values(ended=datetime.now(UTC), output=written))

    def unknown(self) -> list[tuple[str, str, datetime]]:
        """Give key, tool and beginning of the calls of which nobody knows how they ended, the last first."""
        query = sa.select(_EFFECT.key, _EFFECT.tool, _EFFECT.begun).where(_EFFECT.ended.is_(None))
        with self._database.reading() as connection:
            return [(row.key, row.tool, row.begun) for row in connection.execute(query.order_by(_EFFECT.begun.desc()))]

    def drop(self, before: datetime) -> int:
        """Forget calls that ended before a time; those in doubt stay."""
        old = sa.delete(_TABLE).where(_EFFECT.ended < before)
        with self._database.writing() as connection:
            return connection.execute(old).rowcount


def _read_output(written: str) -> ToolOutput:
    kept = _JSON.loads_typed((JSON_TYPE, written.encode()))
    files = tuple(Path(file) for file in kept["files"])
    return ToolOutput(kept["content"], files, tainted=kept["tainted"], cost=kept["cost"])
