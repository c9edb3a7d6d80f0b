"""What clients send to have a model trained, and what they are told of it."""

from __future__ import annotations

import re
from json import dumps
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .store import Job

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_Key = Annotated[str, Field(pattern=r"^llm(\.[a-z][a-z0-9_]{0,60}){1,6}$")]
_Value = bool | int | float | Annotated[str, Field(max_length=1000)]
_ALLOWED = re.compile(
    r"llm\.((training|distributed|quality|evaluation|data(?!\.documents\b))(\.\w+)+"
    r"|model\.(base_model|revision|device|precision|attention|torch_dtype|dtype))"
)
"""What a client may set: how a training goes, and nothing that runs code or reads files from elsewhere."""

_OUTSIDE = re.compile(r"^\s*[/~-]|\\|^\w:|(^|/)\.\.(/|$)")
"""A path that leaves the project, or an option of a command."""


class TrainingRequest(BaseModel):
    """A training. What is not said is as in the project's configuration."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, pattern=_NAME, description="Name of the checkpoint")
    profile: str | None = Field(default=None, pattern=_NAME, description="A file of conf/llm/profiles, auto, or none")
    dataset: str | None = Field(
        default=None,
        pattern=r"^\w[\w@-]*([./]\w[\w@-]*)*$",
        max_length=200,
        description="A version of a dataset, such as name@a1b2c3, or a file of rows within the project",
    )
    seed: int | None = Field(default=None, ge=0, lt=2**32, description="Seed of splits, batches and weights")
    overrides: dict[_Key, _Value] = Field(
        default={}, max_length=64, description='Settings of the group llm, such as {"llm.training.epochs": 2}'
    )
    dry_run: bool = Field(default=False, description="Check and show all, and train nothing")

    @field_validator("overrides")
    @classmethod
    def _stays_in_the_project(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name, value in values.items():
            if _ALLOWED.fullmatch(name) is None:
                raise ValueError(f"{name} can't be set by a client: set it in the project's conf")
            text = isinstance(value, str)
            if text and (name.startswith("llm.evaluation.") or _OUTSIDE.search(value)):
                raise ValueError(f"{name} can't be {value!r}: a client can't name files outside the project")
        if any(isinstance(value, str) and "${" in value for value in values.values()):
            raise ValueError("a value can't refer to variables of the service")
        return values

    def settings(self) -> list[str]:
        """Give the settings as the command line takes them."""
        return [f"{name}={value if isinstance(value, str) else dumps(value)}" for name, value in self.overrides.items()]

    def arguments(self, environment: str) -> list[str]:
        """Give the arguments of the project's command."""
        options = {"--name": self.name, "--profile": self.profile, "--dataset": self.dataset, "--seed": self.seed}
        given = [text for name, value in options.items() if value is not None for text in (name, str(value))]
        settings = self.settings()
        if "llm.model.base_model" in self.overrides:  # whose code the project has not agreed to
            settings.append("llm.model.trust_remote_code=false")
        sets = [text for setting in settings for text in ("--set", setting)]
        return ["llm", "train", "--env", environment, *given, *sets]


class TrainingCheck(BaseModel):
    """What a dry run has found."""

    fits: bool = Field(description="Whether the training could begin")
    report: str = Field(description="Data, tokens, memory and what else was looked at")
    messages: str = Field(description="Why it could not begin, and what would help")


class TrainingJob(Job):
    """A training, as far as it has come."""

    progress: dict[str, float] = Field(description="The last step, how many there are, and what was measured last")
    log: list[str] = Field(description="The last lines of its output")


class TrainingJobs(BaseModel):
    """Trainings, the last one first."""

    jobs: list[Job]
