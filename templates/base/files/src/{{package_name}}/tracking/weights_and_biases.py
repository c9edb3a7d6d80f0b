"""Runs that Weights & Biases gets too, beside the project's own store: off unless `tracking.wandb.project` is set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .config import WandbConfig
from .errors import TrackingError
from .store import Run, Tracking, Version, flatten


@dataclass(frozen=True, slots=True)
class MirroredRun:
    """A run whose settings and numbers go to both; its files stay in the project's store."""

    run: Run
    mirror: Any

    @property
    def id(self) -> str:
        """The same in both."""
        return self.run.id

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record settings."""
        self.run.log_params(params)
        self.mirror.config.update(dict(flatten(params)), allow_val_change=True)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record numbers."""
        self.run.log_metrics(metrics, step)
        if step is None:
            self.mirror.summary.update(dict(metrics))
        else:
            self.mirror.log(dict(metrics), step=step)

    def log_folder(self, folder: Path, place: str | None = None) -> None:
        """Keep a copy of everything in a folder."""
        self.run.log_folder(folder, place)

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as one of the run's files."""
        self.run.log_text(text, path)

    def register(self, model: str, place: str, tags: Mapping[str, str]) -> Version:
        """Make a folder of the run's files the next version of a model."""
        return self.run.register(model, place, tags)


def refuse_missing(wandb: WandbConfig) -> None:
    """Find out before hours of training whether the package that is needed after them is there.

    Raises
    ------
    TrackingError
        If Weights & Biases is configured, and its package is not installed.
    """
    if wandb.project and find_spec("wandb") is None:
        hint = "install it with `uv sync --extra wandb`, or leave tracking.wandb.project empty"
        raise TrackingError("tracking.wandb needs the package wandb, which is not installed", hint=hint)


@contextmanager
def open_run(
    tracking: Tracking, wandb: WandbConfig, experiment: str, name: str, tags: Mapping[str, str]
) -> Iterator[Run]:
    """Record what happens in the `with` block in the project's store, and with Weights & Biases if that is configured.

    Raises
    ------
    TrackingError
        If a store fails, or the package `wandb` or its key is missing.
    """
    refuse_missing(wandb)
    with tracking.run(experiment, name, tags) as run:
        if not wandb.project:
            yield run
            return
        facts = {"id": run.id, "name": name, "group": experiment, "config": dict(tags)}
        mirror = _start(wandb, tracking.artifacts, facts)
        try:
            yield MirroredRun(run, mirror)
        except BaseException:
            mirror.finish(exit_code=1)
            raise
        mirror.finish()


def _start(config: WandbConfig, folder: Path, facts: Mapping[str, Any]) -> Any:
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # to its makers, of its own faults
    import wandb

    folder.mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(silent=True, console="off", disable_code=True, disable_git=True, x_disable_stats=True)
    try:
        return wandb.init(
            project=config.project,
            entity=config.entity or None,
            mode=config.mode,
            dir=str(folder),
            settings=settings,
            **facts,
        )
    except (wandb.Error, OSError) as error:
        hint = "put WANDB_API_KEY into .env, or set tracking.wandb.mode=offline"
        raise TrackingError(f"Weights & Biases took no run: {error}", hint=hint) from error
