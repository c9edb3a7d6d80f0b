"""Which questions a checkpoint is asked: those that were kept from it in training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .console import tell_trained
from .data.examples import Row
from .data.store import DatasetStore
from .errors import CheckpointError, DataError
from .pipeline import spread
from .training.checkpoint_names import label_of
from .use_case import UseCase

if TYPE_CHECKING:
    from .options import Settings


def rows_to_ask(
    use_case: UseCase,
    facts: Mapping[str, Any],
    settings: Settings,
    dataset: str | None,
    documents: Path | None,
    *others: Mapping[str, Any],
) -> list[Row]:
    """Give the test split of a dataset, or what was kept from checkpoints, or all rows of documents that were named.

    Parameters
    ----------
    use_case : UseCase
        What makes the rows.
    facts : mapping
        The checkpoint's, as `CheckpointManager.load_checkpoint` gives them.
    settings : Settings
        Those of the command.
    dataset : str, optional
        Version of a dataset.
    documents : Path, optional
        What rows are made from, if not from the project's.
    *others : mapping
        Facts of checkpoints that are asked the same: what is asked was kept from them too.

    Raises
    ------
    DataError
        If nothing is left to ask.
    CheckpointError
        If the metadata of a checkpoint has no documents by split where they should be.
    """
    config, root, source, _ = settings
    trained = facts["metadata"]
    seen = [_documents_of(one) for one in (facts, *others)]
    if dataset:
        rows = list(DatasetStore(root / "datasets").get(dataset).questions())
    else:
        material = use_case.prepare(source)
        material.tell()
        kept = set.intersection(*(set(one.get("test", ())) for one in seen))
        found = material.rows(seed=trained.get("seed", config.training.seed))
        rows = [row for row in found if documents is not None or row.document in kept]
    for one in seen:
        tell_trained(use_case.wording.group, (row.document for row in rows), one.get("train", ()))
    rows = [rows[number] for number in spread(rows, config.evaluation.max_questions or len(rows))]
    if not rows and dataset:
        raise DataError(f"the test split of the dataset {dataset} is empty", hint="name another version of it")
    if not rows:
        names = " and ".join(map(label_of, (facts, *others)))
        fault = f"there are no {use_case.wording.row}s that were kept from {names}"
        raise DataError(fault, hint="give --dataset or --source")
    return rows


def learned_rows(
    use_case: UseCase, facts: Mapping[str, Any], settings: Settings, dataset: str | None = None
) -> list[Row]:
    """Give the rows that a checkpoint was trained on: those of the documents in its metadata, or of a dataset.

    Raises
    ------
    DataError
        If there are none.
    CheckpointError
        If the metadata of the checkpoint has no documents by split where they should be.
    """
    named = dataset or facts["metadata"].get("dataset")
    if named and DatasetStore(settings.root / "datasets").versions(str(named).partition("@")[0]):
        return list(DatasetStore(settings.root / "datasets").get(str(named)).splits()["train"])
    learned = set(_documents_of(facts).get("train", ()))
    material = use_case.prepare(settings.source)
    found = material.rows(seed=facts["metadata"].get("seed", settings.config.training.seed))
    rows = [row for row in found if row.document in learned]
    if not rows:
        raise DataError(
            f"there are no {use_case.wording.row}s that {label_of(facts)} was trained on",
            hint="give --dataset with the one that it was trained on",
        )
    return rows


def _documents_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give the documents of each split; the metadata may come from anywhere."""
    found = facts["metadata"].get("documents", {})
    if not isinstance(found, dict) or not all(isinstance(names, list) for names in found.values()):
        fault = f"{label_of(facts)} has documents in its metadata that are no lists by split"
        raise CheckpointError(fault, hint="export it again, or import another")
    return found
