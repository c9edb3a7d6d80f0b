"""Runs of this branch in the project's store: what makes a training again, its curves, the load of the machine.

recipe + commit + environment → run → metrics by step
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict

from ..tracking.client import open_tracking
from ..tracking.config import TrackingConfig
from ..tracking.provenance import read_commit, read_environment
from ..tracking.reproduction import KIND
from ..tracking.responses import Response, log_responses
from ..tracking.store import Run
from ..tracking.weights_and_biases import open_run
from .base_model import pick_device
from .config import LLMConfig
from .distributed.multi_node import world_size
from .errors import DataError
from .load import Load
from .training.checkpoint_files import file_sha256
from .training.data_preparation import Conversations

if TYPE_CHECKING:
    from .evaluation.gating import Contrast
    from .evaluation.records import EvaluationReport, Score
    from .training.progress import Progress

TRAINING = "llm"
"""Kind of the runs that `reproduce` does again."""
RECIPE = "recipe.json"
SUPERVISED = "sft"
EVALUATION = "llm-evaluation"
"""Experiment, and kind, of the runs of `llm evaluate`."""
HEADLINE = "eval_loss"
# What a run does not depend on; and the address of a language model may hold a password.
LEFT_OUT = frozenset({"profiles", "sweep", "generation"})


@dataclass(frozen=True)
class Source:
    """Where rows are from.

    Attributes
    ----------
    dataset : str or None
        Version of a dataset, or a file of rows.
    documents : str or None
        Folder of documents.
    """

    dataset: str | None = None
    documents: str | None = None

    @classmethod
    def of_documents(cls, folder: Path, root: Path) -> Self:
        """Name a folder as it is in the project, if it is there: the project may be elsewhere later."""
        inside = folder.relative_to(root) if folder.is_relative_to(root) else folder
        return cls(documents=inside.as_posix())

    def __str__(self) -> str:
        return self.dataset or self.documents or ""


class Recipe(BaseModel):
    """All that a training depends on, but the code and the libraries.

    Attributes
    ----------
    config : dict
        The group ``llm``, with what profile and options have set.
    source : Source
        Where its rows are from.
    data_sha256 : str
        Digest of all rows.
    method : str
        ``sft``, or a method of training on preferences.
    checkpoint : str or None
        What it started from, if not from the base model.
    reward_model : str or None
        What judged the answers, if not their token F1.
    device : str
        Where it took place.
    processes : int
        How many trained together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: dict[str, Any]
    source: Source
    data_sha256: str
    method: str
    checkpoint: str | None
    reward_model: str | None = None
    device: str
    processes: int

    @classmethod
    def make(
        cls,
        config: LLMConfig,
        rows: Conversations,
        source: Source,
        *,
        method: str = SUPERVISED,
        checkpoint: str | None = None,
    ) -> Self:
        """Write down a training that is about to start."""
        return cls(
            config=config.model_dump(mode="json", exclude=set(LEFT_OUT)),
            source=source,
            data_sha256=digest_of(rows),
            method=method,
            checkpoint=checkpoint,
            device=pick_device(config.model.device).type,
            processes=world_size(),
        )


def digest_of(rows: Conversations) -> str:
    """Give the SHA-256 of a file of rows, or of the rows of all splits.

    Raises
    ------
    DataError
        If the file can't be read.
    """
    if not isinstance(rows, Mapping):
        try:
            return file_sha256(Path(rows))
        except OSError as error:
            raise DataError(f"{rows} can't be read: {error.strerror}") from error
    digest = sha256()
    for name in sorted(rows):
        digest.update(f"{name}\n".encode())
        for row in rows[name]:
            digest.update(f"{row!r}\n".encode())
    return digest.hexdigest()


@contextmanager
def record_run(store: TrackingConfig, root: Path, experiment: str, name: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """Record what happens in the ``with`` block, with the commit and the environment."""
    commit = read_commit(root)
    source = {"git_commit": commit.sha or "", "git_dirty": str(commit.dirty)}
    with open_run(open_tracking(store, root), store.wandb, experiment, name, {**tags, **source}) as run:
        run.log_text(json.dumps(read_environment(), indent=2), "environment.json")
        yield run


@contextmanager
def record_training(
    store: TrackingConfig, root: Path, experiment: str, recipe: Recipe, tags: Mapping[str, str]
) -> Iterator[Run]:
    """Record a training in the ``with`` block, so that ``runs reproduce`` can do it again."""
    training = recipe.config["training"]
    facts = {
        KIND: TRAINING,
        "metric": HEADLINE,
        "method": recipe.method,
        "dataset": str(recipe.source),
        "dataset_sha256": recipe.data_sha256,
        "device": recipe.device,
        "seed": str(training["seed"]),
    }
    with record_run(store, root, experiment, training["name"], {**facts, **tags}) as run:
        run.log_params(recipe.config)
        run.log_text(recipe.model_dump_json(indent=2), RECIPE)
        yield run


def record_evaluation(
    store: TrackingConfig, root: Path, report: EvaluationReport, responses: Sequence[Response], folder: Path
) -> str:
    """Record what a checkpoint answered, its scores with their intervals, and the report.

    Parameters
    ----------
    store : TrackingConfig
        Where.
    root : Path
        Folder of the project.
    report : EvaluationReport
        What was found; its first score is the one that counts.
    responses : sequence of Response
        What was asked and answered.
    folder : Path
        The files of the report.

    Returns
    -------
    str
        Id of the run.
    """
    metric = next(iter(report.scores))
    facts = {KIND: EVALUATION, "checkpoint": report.model, "dataset": report.asked, "metric": metric}
    found: dict[str, float] = {}
    for name, score in report.scores.items():
        ends = {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
        found |= {key: value for key, value in ends.items() if value is not None}
    with record_run(store, root, EVALUATION, report.model, facts) as run:
        run.log_metrics(found)
        log_responses(run, responses)
        run.log_folder(folder, "report")
    return run.id


def scores_as_metrics(scores: Mapping[str, Mapping[str, Score]]) -> dict[str, float]:
    """Name scores and the ends of their intervals after the test that they are of."""
    return {
        f"{test}_{name}{end}": value
        for test, found in scores.items()
        for name, score in found.items()
        for end, value in (("", score.value), ("_low", score.low), ("_high", score.high))
        if value is not None
    }


def record_scores(
    store: TrackingConfig, root: Path, model: str, scores: Mapping[str, Mapping[str, Score]], folder: Path
) -> str:
    """Record scores of several tests of a checkpoint, and their report; give the id of the run."""
    found = scores_as_metrics(scores)
    facts = {KIND: EVALUATION, "checkpoint": model, "dataset": ", ".join(scores), "metric": next(iter(found))}
    with record_run(store, root, EVALUATION, model, facts) as run:
        run.log_metrics(found)
        run.log_folder(folder, "report")
    return run.id


def record_contrast(store: TrackingConfig, root: Path, found: Contrast, folder: Path) -> str:
    """Record how two models differ, and what the gate says of the second; give the id of the run."""
    outcomes = {check.outcome for check in found.checks}
    told = "failed" if found.failed else "undecided" if "undecided" in outcomes else "passed"
    gate = {"gate": told} if outcomes else {}
    metric = next(iter(found.comparisons))
    facts = {KIND: EVALUATION, "checkpoint": found.second, "against": found.first, "dataset": found.asked, **gate}
    with record_run(store, root, EVALUATION, found.second, {**facts, "metric": metric}) as run:
        for name, one in found.comparisons.items():
            ends = {
                "": one.second,
                "_difference": one.difference,
                "_low": one.low,
                "_high": one.high,
                "_p": one.p_value,
            }
            run.log_metrics({f"{name}{end}": value for end, value in ends.items() if value is not None})
        run.log_folder(folder, "report")
    return run.id


def recorded(run: Run, device: str, told: Progress | None = None) -> Progress:
    """Make what records each measure of a training, with the load of the machine, and then tells about it."""
    load = Load(device)

    def on_progress(step: int, last_step: int, measured: Mapping[str, float]) -> None:
        run.log_metrics({**measured, **load.measure()}, step=step)
        if told:
            told(step, last_step, measured)

    return on_progress
