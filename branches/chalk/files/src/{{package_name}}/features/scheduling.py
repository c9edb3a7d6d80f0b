"""Commands that run by themselves: those that are due, one after the other, and a word to people when one fails.

configuration + what ran when → what is due → runs → what ran when, and alerts
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..config import Config
from ..logs import get_logger
from .config import FeaturesConfig
from .errors import FeatureError
from .limited import TIMED_OUT
from .locks import alone
from .monitoring.alerting import FeatureAlarm, tell
from .schedule_config import ScheduleConfig, TaskConfig
from .tables import write_text

_log = get_logger(__name__)


class Run(BaseModel):
    """How a command went the last time.

    Attributes
    ----------
    code
        What it ended with: 0, or why a person should look.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    begun: datetime
    code: int


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    runs: dict[str, Run] = {}


@dataclass(frozen=True, slots=True)
class Schedule:
    """What runs when.

    Attributes
    ----------
    path
        The file with what ran when.
    """

    config: ScheduleConfig
    path: Path

    def runs(self) -> dict[str, Run]:
        """Give the last run of each command.

        Raises
        ------
        FeatureError
            If the file can't be read.
        """
        if not self.path.exists():
            return {}
        try:
            return _State.model_validate_json(self.path.read_bytes()).runs
        except (OSError, ValidationError) as error:
            raise FeatureError(f"{self.path} can't be read", hint="delete it: every command is then due") from error

    def next(self, now: datetime) -> list[tuple[TaskConfig, datetime]]:
        """Say when each command is due, in the order of the configuration; those that never ran are due now."""
        known = self.runs()
        return [
            (task, known[task.command].begun + timedelta(hours=task.every_hours) if task.command in known else now)
            for task in self.config.tasks
        ]

    def run_due(self, clock: Callable[[], datetime], run: Callable[[TaskConfig], int]) -> dict[str, int]:
        """Run what is due, and keep how each went at once, so that nothing runs twice after an interruption.

        Parameters
        ----------
        run
            Runs a command and gives what it ended with.

        Returns
        -------
        dict
            What each ended with.
        """
        found = {}
        now = clock()
        for task in [task for task, due in self.next(now) if due <= now]:
            begun = clock()
            code = run(task)
            found[task.command] = code
            _log.info("a task has ended", command=task.command, code=code)
            runs = {**self.runs(), task.command: Run(begun=begun, code=code)}
            named = {one.command for one in self.config.tasks}
            kept = {command: one for command, one in runs.items() if command in named}
            write_text(_State(runs=kept).model_dump_json(indent=2), self.path)
        return found

    def locked(self) -> AbstractContextManager[None]:
        """Keep others from running the same.

        Raises
        ------
        FeatureError
            If another process does.
        """
        busy = "the schedule is being run by another process"
        return alone(self.path.with_suffix(".lock"), busy, "stop that one first")


def open_schedule(config: Config) -> Schedule:
    """Make the schedule that a project's configuration describes."""
    own = config.group("features", FeaturesConfig).schedule
    return Schedule(own, config.root / own.state)


def tell_of_failures(schedule: Schedule, config: Config, now: datetime) -> None:
    """Tell people of commands that failed, once, and when they succeed again."""
    rules = config.group("features", FeaturesConfig).monitoring
    alarms = [
        FeatureAlarm("task", command, f"features {command}, begun at {one.begun.isoformat()}, {_ended(one.code)}")
        for command, one in schedule.runs().items()
        if one.code
    ]
    tell("schedule", alarms, rules, config, now)


def _ended(code: int) -> str:
    return "was ended: its limit_hours were over" if code == TIMED_OUT else f"ended with {code}"
