"""Doing trainings one after the other, each as a process that goes on when the service ends.

queued → running → succeeded, failed, cancelled; interrupted if the process is gone and did not say why
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from ...logs import get_logger
from ...plugins import PACKAGE
from .config import JobsConfig
from .protocol import TrainingCheck, TrainingJob, TrainingRequest
from .store import OVER, Job, JobError, JobStore

_log = get_logger(__name__)

FOLDER = Path("checkpoints") / ".jobs"
_POLL = 1.0
_LAST_WORDS = 5.0
_BIRTH = 1.0
"""Seconds that two readings of a process's start may differ by."""


class JobStateError(JobError):
    """A job whose state does not allow what is asked of it."""


class CheckBusyError(JobError):
    """Another check is under way."""


class Jobs:
    """The trainings of a project. Of several services, one does them; all can be asked.

    Parameters
    ----------
    root : Path
        Folder of the project.
    environment : str
        Which its settings are for.
    settings : JobsConfig
        How many may wait, and how they end.
    program : sequence of str
        What is run, with the arguments of the project's command.
    """

    def __init__(
        self,
        root: Path,
        environment: str,
        settings: JobsConfig,
        program: Sequence[str] = (sys.executable, "-m", PACKAGE),
    ) -> None:
        self._root, self._environment, self._settings = root, environment, settings
        self._program = program
        self.store = JobStore(root / FOLDER)
        self._child: psutil.Popen | None = None
        self._changed = threading.Event()
        self._closing = False
        self._checking = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="llm-jobs", daemon=True)

    def start(self) -> None:
        """Begin to look after them, those of an earlier service included."""
        self._thread.start()

    def close(self) -> None:
        """Leave them to themselves."""
        self._closing = True
        self._changed.set()
        self._thread.join()

    def submit(self, request: TrainingRequest) -> Job:
        """Put a training at the end of the queue.

        Raises
        ------
        QueueFullError
            If too many wait.
        """
        asked = request.model_dump(mode="json", exclude_defaults=True)
        job = self.store.add(asked, request.arguments(self._environment), self._settings.queue)
        self._changed.set()
        return job

    def check(self, request: TrainingRequest) -> TrainingCheck:
        """Look whether a training could begin, without training.

        Raises
        ------
        CheckBusyError
            If another check is under way.
        JobError
            If it takes too long.
        """
        if not self._checking.acquire(blocking=False):
            raise CheckBusyError("another check is under way", hint="ask again in a few seconds")
        try:
            command = [*self._program, *request.arguments(self._environment), "--dry-run"]
            pipe = subprocess.PIPE
            process = psutil.Popen(
                command, cwd=self._root, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, start_new_session=True
            )
            try:
                report, messages = process.communicate(timeout=self._settings.check_seconds)
            except subprocess.TimeoutExpired as error:
                _kill(process)
                with suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=_LAST_WORDS)
                limit = f"{self._settings.check_seconds:g} s"
                raise JobError(f"the check has not ended in {limit}", hint="raise llm.jobs.check_seconds") from error
        finally:
            self._checking.release()
        texts = [text.decode(errors="replace") for text in (report, messages)]
        return TrainingCheck(fits=process.returncode == 0, report=texts[0], messages=texts[1])

    def describe(self, name: str, lines: int) -> TrainingJob:
        """Tell how far a training has come, with the last lines of its output."""
        job = self.store.get(name)
        progress: dict[str, float] = {}
        for line in self.store.course(job):
            progress |= line if "step" in line else {}
        return TrainingJob(**job.model_dump(), progress=progress, log=self.store.log(job, lines))

    def cancel(self, name: str) -> Job:
        """End a training: at once if it waits, else as soon as it has closed what it has open.

        Raises
        ------
        JobStateError
            If it has ended.
        """
        job = self.store.get(name)
        if job.state in OVER:
            raise JobStateError(f"{name} has ended: {job.state}")
        now = datetime.now(UTC)
        waits: dict[str, Any] = {"state": "cancelled", "ended": now} if job.state == "queued" else {}
        changed = self.store.change(job, cancelled=job.cancelled or now, **waits)
        if changed is None:  # it has begun or ended just now
            return self.cancel(name)
        process = self._process_of(changed)
        if process is not None and job.cancelled is None:
            with suppress(psutil.Error):  # it has ended just now
                process.terminate()
        return changed

    def resume(self, name: str) -> Job:
        """Queue a training that has ended early; it goes on where its last state was kept.

        Raises
        ------
        JobStateError
            If it waits, runs or has succeeded.
        QueueFullError
            If too many wait.
        """
        job = self.store.get(name)
        if job.state not in OVER or job.state == "succeeded":
            raise JobStateError(f"{name} can't go on: it is {job.state}")
        again: dict[str, Any] = {"state": "queued", "resumed": job.resumed + 1, "started": None, "ended": None}
        none = dict.fromkeys(("pid", "born", "cancelled", "error"))
        changed = self.store.change(job, most=self._settings.queue, **again, **none)
        if changed is None:
            raise JobStateError(f"{name} has changed just now", hint="look at it, and ask again")
        self._changed.set()
        return changed

    def _run(self) -> None:
        lock = FileLock(self.store.folder / "runner.lock")
        while not self._closing:
            if not self.store.exists:
                self._changed.wait(_POLL)
                continue
            try:
                with lock.acquire(timeout=0):
                    while not self._closing:
                        self._step()
                        self._changed.wait(_POLL)
                        self._changed.clear()
            except Timeout:  # another service does them
                self._changed.wait(_POLL)
            except Exception as error:  # whatever it is, the next trainings are done
                _log.error("training jobs can't be looked after", exc_info=error)
                self._changed.wait(_POLL)

    def _step(self) -> None:
        job = self.store.first("running")
        if job is None:
            waiting = self.store.first("queued")
            if waiting is not None:
                self._begin(waiting)
            return
        process = self._process_of(job)
        if process is None:
            self._settle(job)
        elif job.cancelled and (datetime.now(UTC) - job.cancelled).total_seconds() > self._settings.stop_seconds:
            _kill(process)

    def _begin(self, job: Job) -> None:
        now = datetime.now(UTC)
        begun = self.store.change(job, state="running", started=now)
        if begun is None:  # it was cancelled just now
            return
        journal = self.store.journal_file(job)
        command = [*self._program, *job.command, "--progress", str(journal)]
        if job.resumed:
            command.append("--auto-resume")
            with journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"resumed": job.resumed}) + "\n")
        with self.store.log_file(job).open("ab") as log:
            # A session of its own: what ends the service does not end it.
            process = psutil.Popen(
                command, cwd=self._root, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._child = process
        changed = self._update(begun.id, pid=process.pid, born=process.create_time())
        if changed.cancelled:
            with suppress(psutil.Error):
                process.terminate()
        _log.info("training begun", job=job.id, pid=process.pid)

    def _settle(self, job: Job) -> None:
        """Note how a training has ended whose process is gone."""
        course = self.store.course(job)
        last = course[-1] if course else {}
        child = self._child if self._child is not None and self._child.pid == job.pid else None
        ended: dict[str, Any] = {"state": "interrupted", "error": "its process is gone and did not say why"}
        if "checkpoint" in last:
            ended = {"state": "succeeded", "checkpoint": last["checkpoint"]}
        elif job.cancelled:
            ended = {"state": "cancelled"}
        elif "error" in last:
            ended = {"state": "failed", "error": last["error"]}
        elif "interrupted" in last:
            ended = {"state": "interrupted", "error": last["interrupted"]}
        elif child is not None and child.returncode > 0:
            ended = {"state": "failed", "error": "\n".join(self.store.log(job, 3))}
        self._child = None
        self._update(job.id, **ended, ended=datetime.now(UTC))
        _log.info("training ended", job=job.id, **ended)

    def _process_of(self, job: Job) -> psutil.Process | None:
        """Give the process of a job if it is still there: with its number, and begun when it was."""
        if self._child is not None and self._child.pid == job.pid:
            return self._child if self._child.poll() is None else None
        if job.pid is None or job.born is None:
            return None
        try:
            found = psutil.Process(job.pid)
            same = abs(found.create_time() - job.born) < _BIRTH and found.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return None
        return found if same else None

    def _update(self, name: str, **values: Any) -> Job:
        """Change a job, whatever others change at the same time."""
        while True:
            changed = self.store.change(self.store.get(name), **values)
            if changed is not None:
                return changed


def _kill(process: psutil.Process) -> None:
    """End a process that leads a session, with all that it has started; it may have ended before them."""
    children: list[psutil.Process] = []
    with suppress(psutil.Error):
        children = process.children(recursive=True)
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for one in [*children, process]:
        with suppress(psutil.Error):
            one.kill()
