"""The section ``features.schedule``: which commands run by themselves, and how often."""

import shlex

from pydantic import Field, field_validator

from ..config import ConfigModel


class TaskConfig(ConfigModel):
    """A command that runs again and again."""

    command: str = Field(description="A command of `features` with its options, such as `parity --entities 100`")
    every_hours: float = Field(gt=0, description="Hours from one beginning to the next")
    limit_hours: float = Field(
        default=1.0, gt=0, description="Hours it may take: then it is ended, and has failed, so that the others run"
    )

    @field_validator("command")
    @classmethod
    def _ends(cls, command: str) -> str:
        if shlex.split(command)[:1] in ([], ["schedule"]):
            raise ValueError("it must be another command of `features`")
        return command


_TASKS = [
    TaskConfig(command="materialise", every_hours=1),
    TaskConfig(command="backfill", every_hours=24, limit_hours=6),
    TaskConfig(command="parity", every_hours=24),
    TaskConfig(command="monitor", every_hours=24),
]


class ScheduleConfig(ConfigModel):
    """What `features schedule` runs, one after the other, in this order."""

    tasks: list[TaskConfig] = Field(default=_TASKS, description="Commands, and how often they run")
    state: str = Field(default="data/features/schedule.json", description="File with what ran when")
