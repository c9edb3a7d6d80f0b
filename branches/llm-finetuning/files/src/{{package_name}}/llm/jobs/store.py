"""What is known of trainings that were asked for: a database, and a folder for each with its log and its course."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import ProjectError, first_line
from ...logs import get_logger
from ...sqlite import connected, make_tables
from ..training.journal import read_journal

_log = get_logger(__name__)

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]

OVER: tuple[State, ...] = ("succeeded", "failed", "cancelled", "interrupted")
_LOG_BYTES = 16_384
_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, document TEXT NOT NULL
)
"""


class JobError(ProjectError):
    """A training job that can't be taken, or that can't do what is asked of it."""


class QueueFullError(JobError):
    """More trainings wait than may."""


class UnknownJobError(JobError):
    """There is no such job."""


class Job(BaseModel):
    """A training that was asked for."""

    model_config = ConfigDict(frozen=True)

    id: str
    state: State = "queued"
    request: dict[str, Any] = Field(description="As it was asked for")
    command: list[str] = Field(description="Arguments of the project's command")
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    pid: int | None = Field(default=None, description="Number of the process")
    born: float | None = Field(default=None, description="When the process was made; another may have its number later")
    cancelled: datetime | None = Field(default=None, description="When somebody asked for its end")
    resumed: int = Field(default=0, description="How often it was told to go on")
    checkpoint: str | None = None
    error: str | None = None


class JobStore:
    """The jobs of a project, which several processes may use at once.

    Parameters
    ----------
    folder : Path
        Is made for the first job.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "jobs.db"

    @property
    def exists(self) -> bool:
        """Whether there has been a job."""
        return self._file.is_file()

    def add(self, request: dict[str, Any], command: Sequence[str], most: int) -> Job:
        """Keep a job that waits.

        Raises
        ------
        QueueFullError
            If `most` jobs wait already.
        JobError
            If there is no room on the disk, or nothing can be written.
        """
        job = Job(id=f"job-{secrets.token_hex(6)}", request=request, command=[*command], created=datetime.now(UTC))
        make_tables(self._file, _TABLE, "the job", JobError)
        with self._open() as database:
            self._check_room(database, most)
            database.execute(
                "INSERT INTO jobs (id, state, document) VALUES (?, ?, ?)",
                (job.id, job.state, job.model_dump_json()),
            )
            (self.folder / job.id).mkdir()
        return job

    def get(self, name: str) -> Job:
        """Give a job.

        Raises
        ------
        UnknownJobError
            If there is none of this name.
        """
        found = self._select("SELECT document FROM jobs WHERE id = ?", name)
        if not found:
            raise UnknownJobError(f"there is no job {name!r}", hint="GET /llm/training lists them")
        return found[0]

    def latest(self, most: int) -> list[Job]:
        """Give jobs, the last one first."""
        return self._select("SELECT document FROM jobs ORDER BY number DESC LIMIT ?", most)

    def first(self, state: State) -> Job | None:
        """Give the job that was asked for first among those in a state."""
        found = self._select("SELECT document FROM jobs WHERE state = ? ORDER BY number", state)
        return found[0] if found else None

    def change(self, job: Job, *, most: int | None = None, **values: Any) -> Job | None:
        """Change a job; nothing happens if somebody else has changed it since it was read.

        Parameters
        ----------
        most
            Jobs that may wait, where this one is going to.

        Raises
        ------
        QueueFullError
            If they wait already.
        """
        changed = job.model_copy(update=values)
        known = (changed.state, changed.model_dump_json(), job.id, job.model_dump_json())
        with self._open() as database:
            if most is not None:
                self._check_room(database, most)
            done = database.execute("UPDATE jobs SET state = ?, document = ? WHERE id = ? AND document = ?", known)
            return changed if done.rowcount else None

    def log_file(self, job: Job) -> Path:
        """Where its output goes."""
        return self.folder / job.id / "log"

    def journal_file(self, job: Job) -> Path:
        """Where its course is written."""
        return self.folder / job.id / "progress.jsonl"

    def log(self, job: Job, lines: int) -> list[str]:
        """Give the last lines of its output."""
        path = self.log_file(job)
        if not path.is_file():
            return []
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_BYTES))
            return file.read().decode(errors="replace").splitlines()[-lines:] if lines else []

    def course(self, job: Job) -> list[dict[str, Any]]:
        """Give what it has measured and how it ended, as far as it has."""
        return read_journal(self.journal_file(job))

    def _select(self, query: str, value: str | int) -> list[Job]:
        if not self.exists:
            return []
        with self._open() as database:
            return [job for (document,) in database.execute(query, (value,)) if (job := _read(document))]

    @staticmethod
    def _check_room(database: sqlite3.Connection, most: int) -> None:
        database.execute("BEGIN IMMEDIATE")
        (waiting,) = database.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()
        if waiting >= most:
            raise QueueFullError(f"{waiting} trainings wait already", hint="cancel one, or ask again later")

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return connected(self._file, "the job", JobError)


def _read(document: str) -> Job | None:
    """Read a job; one that was damaged does not keep the others from being done."""
    try:
        return Job.model_validate_json(document)
    except ValidationError as error:
        _log.error("a training job can't be read", document=document[:200], reason=first_line(error))
        return None
