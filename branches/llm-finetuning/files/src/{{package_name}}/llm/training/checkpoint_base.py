"""The base model that an adapter stands on: where it is, and whether it is the one that the adapter was trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import first_line
from ..base_model import resolve_base_model
from ..errors import CheckpointError
from .checkpoint_files import METADATA, file_sha256
from .checkpoint_names import label_of

WEIGHT_SUFFIXES = frozenset({".safetensors", ".bin"})

_LLM = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Base:
    """What an adapter stands on.

    Attributes
    ----------
    location : str
        What transformers can load.
    commit : str, optional
        Its commit, if it is on the hub.
    """

    location: str
    commit: str | None = None


def find_project(root: Path) -> Path:
    """Find the project around a folder of checkpoints: the folder with ``conf/base.yaml``, or else its parent."""
    folder = root.resolve()
    return next((one for one in folder.parents if (one / "conf" / "base.yaml").is_file()), folder.parent)


def model_origin(model: Any) -> str:
    """Say where a model, or the base model of an adapter, was loaded from; nothing if from nowhere."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return str(getattr(base, "name_or_path", "") or "")


def portable_reference(origin: str, project: Path) -> str:
    """Say where a base model is in a way that holds when the project moves."""
    if not Path(origin).exists():
        return origin
    path = Path(origin).resolve()
    if path.is_relative_to(_LLM):
        return f"package:{path.relative_to(_LLM).as_posix()}"
    if path.is_relative_to(project):
        return f"./{path.relative_to(project).as_posix()}"
    return str(path)


def locate(reference: str, project: Path) -> str:
    """Turn a reference to a base model into what transformers can load.

    Raises
    ------
    CheckpointError
        If it is a folder that is not there.
    """
    if not reference.startswith("./") and not Path(reference).is_absolute():
        return resolve_base_model(reference)
    path = project / reference
    if not path.is_dir():
        raise CheckpointError(f"{path}: the base model is not there", hint="put it back, or train again")
    return str(path)


def fingerprint(reference: str, project: Path, revision: str | None = None) -> str:
    """Digest the names and contents of a base model's weights.

    Parameters
    ----------
    reference : str
        Where the base model is.
    project : Path
        Folder that references start from.
    revision : str, optional
        Commit of a model on the hub.

    Raises
    ------
    CheckpointError
        If it is not on this machine and can't be got, or has no weights.
    """
    location = locate(reference, project)
    folder = weights_folder(location, revision)
    weights = sorted(path for path in folder.iterdir() if path.suffix in WEIGHT_SUFFIXES)
    if not weights:
        get = "save it with save_pretrained" if folder == Path(location) else _download(location, revision)
        raise CheckpointError(f"{folder}: the base model has no weights", hint=get)
    digest = hashlib.sha256()
    for path in weights:
        digest.update(f"{path.name} {file_sha256(path)}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def checked_base(folder: Path, facts: Mapping[str, Any], project: Path) -> Base:
    """Find the base model of an adapter, and make sure that it has the weights that the adapter was trained on.

    Raises
    ------
    CheckpointError
        If it is missing or has changed.
    """
    reference = facts["base_model"]
    if not reference or ".." in PurePosixPath(reference).parts:
        raise CheckpointError(f"{folder / METADATA}: base_model is {reference!r}", hint="train again")
    commit = facts["base_model_revision"]
    now = fingerprint(reference, project, commit)
    if now != facts["base_model_fingerprint"]:
        raise CheckpointError(
            f"{label_of(facts)} was trained on other weights than those of {reference} now"
            f" ({facts['base_model_fingerprint']} then, {now} now)",
            hint=f"restore {reference} as it was, or train again",
        )
    return Base(locate(reference, project), commit)


def weights_folder(location: str, revision: str | None) -> Path:
    """Find where the files of a base model are.

    Raises
    ------
    CheckpointError
        If it is not on this machine and can't be got.
    """
    if Path(location).is_dir():
        return Path(location)

    from transformers.utils.hub import cached_file

    wanted = revision or "main"
    try:
        config = cached_file(location, "config.json", revision=wanted)
    except OSError as error:
        reason = first_line(error)
        raise CheckpointError(
            f"the base model {location} is not on this machine: {reason}",
            hint=f"connect to the network once, or copy it in: {_download(location, revision)}",
        ) from error
    if config is None:
        raise CheckpointError(f"{location}: no such base model", hint="give a folder, or a model's id on the hub")
    return Path(config).parent


def _download(location: str, revision: str | None) -> str:
    return f"hf download {location} --revision {revision or 'main'}"
