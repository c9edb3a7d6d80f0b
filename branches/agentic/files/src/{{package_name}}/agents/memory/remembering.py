"""What agents take from task to task. It is the `Memory` of a session."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..jsonable import as_text, clean_part
from ..session import Filter, Remembered
from ..tasks import Status, TaskResult, TaskSpec
from .config import MemoryConfig
from .records import Entry
from .store import MemoryStore, Wanted

_LONGEST = 1_500  # characters of what is kept of an answer


@dataclass(frozen=True, slots=True)
class TaskMemory:
    """Recalls facts and earlier tasks that are like a task, and keeps what came of it.

    Attributes
    ----------
    filters
        Through which texts go before they are kept: a memory must hold no secret.
    """

    store: MemoryStore
    config: MemoryConfig
    filters: tuple[Filter, ...] = ()

    def recall(self, task: TaskSpec) -> Sequence[Remembered]:
        """Give what fits a task, the best first."""
        if not self.config.recalled:
            return []
        config = self.config
        wanted = Wanted(
            user=task.user,
            most=config.recalled,
            least=config.least_score,
            tainted=config.tainted,
            without=task.task_id,
        )
        found = self.store.search(_about(task)[:_LONGEST], wanted)
        return [Remembered(text=one.text, source=one.source, tainted=one.tainted, score=score) for score, one in found]

    def learn(self, task: TaskSpec, result: TaskResult) -> None:
        """Keep what came of a task. One that was refused or cancelled teaches nothing."""
        if result.status in (Status.REFUSED, Status.CANCELLED):
            return
        answer = as_text(result.output)[:_LONGEST]
        failed = f" It ended as {result.status}: {result.reason}." if result.status is not Status.DONE else ""
        # A goal that is cut could hold half a secret, which no filter knows.
        about = clean_part(_about(task), 0, _LONGEST, self._clean)
        text = f"Task: {about}{failed}\nAnswer: {answer}"
        tainted = any(step.tainted for step in result.steps)
        # The same that comes of the same task again takes the place of the earlier memory.
        same = hashlib.sha256(f"{task.user}\0{tainted}\0{text}".encode("utf-8", "replace")).hexdigest()[:32]
        self.keep(Entry(id=same, kind="episode", user=task.user, text=text, source=task.task_id, tainted=tainted))

    def keep(self, entry: Entry) -> Entry:
        """Keep a memory, without secrets and for as long as the configuration says if it has no time of its own."""
        text = self._clean(entry.text)
        expires = entry.expires
        if expires is None and self.config.keep_days:
            expires = datetime.now(UTC) + timedelta(days=self.config.keep_days)
        kept = entry.model_copy(update={"text": text, "expires": expires})
        self.store.add(kept)
        return kept

    def _clean(self, text: str) -> str:
        for one in self.filters:
            text = one.clean(text)
        return text


def _about(task: TaskSpec) -> str:
    inputs = f" {json.dumps(task.inputs, ensure_ascii=False)}" if task.inputs else ""
    return f"{task.goal}{inputs}"
