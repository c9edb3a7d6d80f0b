"""States of a run: all that is needed to go on at the same step with the same numbers, written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ..config import LLMConfig
from ..distributed.multi_node import world_size
from ..errors import ModelError
from .checkpoint_files import is_as_sealed, read_json, seal, sync, write_json
from .token_store import TokenRows

SAVING = ".saving"
RUN = "run.json"
# They change how a step is computed, and not what it computes.
FREE = frozenset(
    {
        *("name", "profile", "keep_states"),
        *("batch_size", "gradient_accumulation", "packing", "activation_checkpointing", "compile"),
    }
)


Resume = bool | Literal["auto"]
"""Whether to go on from the last state; ``auto`` begins where there is no run of the same settings and data."""


def keep_state(staged: Path, folder: Path) -> Path:
    """Give a state that was written aside its place, when all of it is on the disk.

    Parameters
    ----------
    staged : Path
        Folder ``checkpoint-<step>`` that holds it.
    folder : Path
        Where states are kept.

    Returns
    -------
    Path
        Its folder there.
    """
    seal(staged)
    target = folder / staged.name
    shutil.rmtree(target, ignore_errors=True)
    staged.rename(target)
    sync(folder)
    return target


def rotate(folder: Path, keep: int, best: int | None) -> None:
    """Remove the oldest states; the last ones and that of the best step stay."""
    steps = state_steps(folder)
    for step in steps[: max(0, len(steps) - keep)]:
        if step != best:
            shutil.rmtree(folder / f"checkpoint-{step}")


def state_steps(folder: Path) -> list[int]:
    """List the steps that have a state."""
    return sorted(int(path.name.partition("-")[2]) for path in folder.glob("checkpoint-*"))


def last_state(folder: Path) -> Path | None:
    """Find the last state that is whole; nothing if there is none."""
    paths = (folder / f"checkpoint-{step}" for step in reversed(state_steps(folder)))
    return next((path for path in paths if is_as_sealed(path)), None)


def open_states(
    folder: Path,
    config: LLMConfig,
    rows: Mapping[str, TokenRows],
    *,
    resume: Resume,
) -> None:
    """Make a folder of states ready for a run.

    Parameters
    ----------
    folder : Path
        Where states are kept.
    config : LLMConfig
        The base model, how the run trains, and how processes share it.
    rows : mapping of str to TokenRows
        What it trains on, and is validated on.
    resume : bool or str
        Whether it goes on from the last state; else the states of an earlier run are removed. ``auto`` goes on where
        it can.

    Raises
    ------
    ModelError
        If the states are of a run with another model, other settings, other data or another number of processes, or
        none is whole.
    """
    facts = _identify(config, rows)
    if resume and (folder / RUN).is_file():
        before = read_json(folder / RUN)
        changed = sorted(key for key in facts if facts[key] != before.get(key))
        if not changed and (resume == "auto" or last_state(folder)):
            return
        if not changed:
            raise ModelError(f"the run in {folder} has no whole state", hint="train without --resume")
        if resume != "auto":
            raise ModelError(
                f"the run in {folder} can't be resumed: {', '.join(changed)} changed since",
                hint="give it as it was, or train from the start without --resume",
            )
    elif resume is True:
        raise ModelError(f"there is no run to resume in {folder}", hint="train without --resume")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(folder / RUN, facts)


def _identify(config: LLMConfig, rows: Mapping[str, TokenRows]) -> dict[str, object]:
    training = config.training
    settings = {key: value for key, value in training.model_dump(mode="json").items() if key not in FREE}
    return {
        **config.model.model_dump(mode="json", include={"base_model", "revision", "precision"}),
        "data": {name: some.digest for name, some in rows.items()},
        "processes": world_size(),
        "strategy": config.distributed.strategy if world_size() > 1 else None,
        "rows_in_a_step": training.batch_size * training.gradient_accumulation * world_size(),
        **settings,
    }
