"""What keeps runs, opened as the configuration says, once in a process."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ...database import Database
from ...errors import first_line
from ...logs import get_logger
from ..coordination.judgements import JudgementStore
from ..observability.totals import TotalsStore
from .errors import DurabilityError
from .journal import EffectJournal
from .leases import Leases
from .saver import Checkpoints, SqliteCheckpoints
from .store import RunStore
from .watch import CancelWatch

if TYPE_CHECKING:
    from ..session import Project

_OPEN: dict[tuple[int, Path, Path, str], Durability] = {}
_LOCK = threading.Lock()
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Durability:
    """The stores of one project.

    Attributes
    ----------
    checkpoints
        States after each step, by the id of their task.
    watch
        Tells runs of this process that they were cancelled, and holds them.
    totals
        Sums over all runs, also of those that were forgotten.
    judgements
        What judges said, and what was right: also of runs that were forgotten.
    work
        Holds a folder of each run that wrote files, named by its id.
    """

    checkpoints: Checkpoints
    journal: EffectJournal
    store: RunStore
    leases: Leases
    watch: CancelWatch
    totals: TotalsStore
    judgements: JudgementStore
    work: Path

    def drop_old(self, before: datetime) -> int:
        """Forget the runs that ended before a time, with their states, effects and files, and tell how many they were.

        Runs that wait, or were broken off, stay, and with them the effects since the first of them began: when it goes
        on, it must not have them again.
        """
        dropped = 0
        for task_id in self.store.old(before):
            if task_id not in self.store.old(before, task_id):  # by now it goes on
                continue
            for thread in (task_id, *self.checkpoints.below(task_id)):
                self.checkpoints.delete_thread(thread)
            self._drop_files(task_id)
            self.store.drop([task_id])  # one at a time: others write, too
            dropped += 1
        first = self.store.first_begun()
        self.journal.drop(before if first is None else min(before, first))
        return dropped

    def _drop_files(self, task_id: str) -> None:
        folder = self.work / task_id
        try:
            if folder.exists():  # on this machine: another may have done the run
                shutil.rmtree(folder)
        except OSError as error:  # others are dropped all the same
            hint = "delete it by hand"
            _log.warning("files of a run can't be deleted", folder=str(folder), reason=first_line(error), hint=hint)


def open_durability(project: Project) -> Durability:
    """Open the stores of a project, once in each process: threads share them.

    Raises
    ------
    DurabilityError
        If they can't be used.
    """
    config = project.agentic.durability
    url = config.database_url.get_secret_value()
    key = (os.getpid(), project.root / config.folder, _work(project), url)
    with _LOCK:
        if key not in _OPEN:
            _OPEN[key] = _open_shared(project, url) if url else _open_files(project)
        return _OPEN[key]


def _open_files(project: Project) -> Durability:
    folder = project.root / project.agentic.durability.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "agentic.durability.folder names it; this user must be able to write there"
        raise DurabilityError(f"{folder} can't be made, for runs: {first_line(error)}", hint=hint) from error
    runs = Database.open(f"sqlite:///{folder / 'runs.db'}", folder, "the store of runs", DurabilityError)
    effects = f"sqlite:///{folder / 'effects.db'}"
    what = "the journal of effects"
    safe = Database.open(effects, folder, what, DurabilityError, durable=True)
    journal = EffectJournal(Database.open(effects, folder, what, DurabilityError), safe)
    return _put_together(project, SqliteCheckpoints.open(folder / "checkpoints.db"), journal, runs)


def _open_shared(project: Project, url: str) -> Durability:
    try:
        from .postgres import PostgresCheckpoints
    except ImportError as error:
        hint = "install it: uv sync --extra postgresql"
        raise DurabilityError(f"checkpoints in PostgreSQL need a package: {error.name}", hint=hint) from error

    database = Database.open(url, project.root, "the store of runs", DurabilityError)
    if not database.shared:
        hint = "for example postgresql+psycopg://user:password@host/database; empty for files of this project"
        raise DurabilityError("agentic.durability.database_url is no address of PostgreSQL", hint=hint)
    return _put_together(project, PostgresCheckpoints.open(database), EffectJournal(database), database)


def _put_together(project: Project, checkpoints: Checkpoints, journal: EffectJournal, runs: Database) -> Durability:
    store, leases = RunStore(runs), Leases(runs, project.agentic.jobs.lease_seconds)
    watch = CancelWatch(store, leases)
    return Durability(checkpoints, journal, store, leases, watch, TotalsStore(runs), store.judgements, _work(project))


def _work(project: Project) -> Path:
    return project.root / project.agentic.tools.work_folder
