"""Versioned checkpoints: written whole or not at all, and checked before they are loaded."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata as packages
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from ...errors import ProjectError
from ..base_model import resolve_base_model

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FORMAT = 1
METADATA = "metadata.json"
CHECKSUMS = "checksums.json"
# Every kind of file that a model or a tokenizer is saved as. None of them runs code when it is read.
SAFE_SUFFIXES = frozenset({".safetensors", ".json", ".jinja", ".txt", ".model"})
WEIGHT_SUFFIXES = frozenset({".safetensors", ".bin"})
RECORDED_PACKAGES = ("torch", "transformers", "peft", "trl", "tokenizers", "safetensors", "accelerate")
METADATA_TYPES: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "version": str,
    "created_at": str,
    "kind": str,
    "base_model": (str, type(None)),
    "base_model_fingerprint": (str, type(None)),
    "packages": dict,
    "git_commit": (str, type(None)),
    "metadata": dict,
}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")
_CARET = re.compile(r"\^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?")
_UNFINISHED = ".saving-"
_RESTORE = "restore it from a copy, or train again"
_LLM = Path(__file__).resolve().parents[1]

Version = tuple[int, int, int]


class CheckpointError(ProjectError):
    """A checkpoint that can't be saved, found or trusted."""


@dataclass(frozen=True, order=True)
class Checkpoint:
    """A saved version of a model.

    Attributes
    ----------
    name : str
        Name that its versions share.
    number : tuple of int
        Major, minor and patch number.
    path : Path
        Folder that holds it.
    """

    name: str
    number: Version
    path: Path

    @property
    def version(self) -> str:
        """Version as text, such as ``1.2.0``."""
        return _text(self.number)

    def __str__(self) -> str:
        """Give the reference that loads it, such as ``demo@v1.2.0``."""
        return f"{self.name}@v{self.version}"


class CheckpointManager:
    """Save, find and load the versions of fine-tuned models.

    Parameters
    ----------
    root : str or Path, default="checkpoints"
        Folder of the checkpoints, one folder ``<name>@v<version>`` each.

    Notes
    -----
    A reference is a name (its latest version), ``name@latest``, an exact version (``name@1.2.0`` or
    ``name@v1.2.0``), a caret range (``name@^1.0``: the highest version that a change of the first number
    other than zero doesn't part from it, as in https://docs.npmjs.com/cli/using-npm/semver), or a path.

    Examples
    --------
    >>> from pathlib import Path
    >>> CheckpointManager(Path("no-such-folder")).list()
    ()
    """

    def __init__(self, root: str | Path = "checkpoints") -> None:
        self.root = Path(root)

    def save(
        self,
        name: str,
        *,
        model: PreTrainedModel | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        metadata: Mapping[str, Any],
        version: str | None = None,
    ) -> Path:
        """Write a new version: the adapter of a PEFT model, or all of another.

        Parameters
        ----------
        name : str
            Letters, digits, ``.``, ``_`` and ``-``, at most 64.
        model : PreTrainedModel or PeftModel
            Model to save, as safetensors.
        tokenizer : PreTrainedTokenizerBase
            Tokenizer that belongs to it.
        metadata : Mapping
            Facts to keep with it: anything that JSON can hold.
        version : str, optional
            Such as ``1.2.0``; by default the next minor version after the highest, and first ``1.0.0``.

        Returns
        -------
        Path
            Folder of the checkpoint.

        Raises
        ------
        CheckpointError
            If the name or version isn't valid, the version exists, the metadata isn't JSON, or an adapter's
            base model isn't known or can't be found.
        """
        _check_name(name)
        given = _as_json(metadata)
        is_adapter = hasattr(model, "get_base_model")
        origin = _origin(model)
        if is_adapter and not origin:
            raise CheckpointError(
                f"{name}: the adapter's base model was loaded from nowhere, so the adapter could not be loaded again",
                hint="save the base model with save_pretrained, and load it from there before training",
            )
        reference = self._portable(origin) if origin else None
        fingerprint = self._fingerprint(reference) if is_adapter and reference else None
        with self._saving(name) as folder:
            number = self._new_version(name, version)
            _write_model(folder, model, tokenizer, reference)
            facts = {
                "format": FORMAT,
                "name": name,
                "version": _text(number),
                "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "kind": "adapter" if is_adapter else "full",
                "base_model": reference,
                "base_model_fingerprint": fingerprint,
                "packages": _package_versions(),
                "git_commit": _git_commit(self._project()),
                "metadata": given,
            }
            _write_json(folder / METADATA, facts)
            _seal(folder)
            target = self.root / f"{name}@v{_text(number)}"
            folder.rename(target)
            _sync(self.root)
        return target

    def load_checkpoint(
        self,
        ref: str | Path,
    ) -> tuple[PreTrainedModel | PeftModel, PreTrainedTokenizerBase, dict[str, Any]]:
        """Load a model for inference, with its tokenizer and its metadata.

        Parameters
        ----------
        ref : str or Path
            Reference of the checkpoint, or its folder.

        Returns
        -------
        model : PreTrainedModel or PeftModel
            Model in evaluation mode. An adapter stands on its base model.
        tokenizer : PreTrainedTokenizerBase
            Tokenizer that was saved with it.
        metadata : dict
            Content of ``metadata.json``. What was given to `save` is under ``metadata``.

        Raises
        ------
        CheckpointError
            If it does not exist, is not as it was saved, or its base model is missing or has changed.
        """
        folder = self.path(ref)
        verify_folder(folder)
        facts = _read_metadata(folder)
        base = self._checked_base(folder, facts) if facts["kind"] == "adapter" else str(folder)

        from peft import PeftModel
        from transformers import AutoModelForCausalLM, AutoTokenizer

        model: Any = AutoModelForCausalLM.from_pretrained(base)
        if facts["kind"] == "adapter":
            model = PeftModel.from_pretrained(model, str(folder))
            # The file holds the reference; PEFT looks for the base model there when it saves the adapter again.
            model.peft_config["default"].base_model_name_or_path = base
        return model.eval(), AutoTokenizer.from_pretrained(str(folder)), facts

    def path(self, ref: str | Path) -> Path:
        """Find the folder that a reference means.

        Parameters
        ----------
        ref : str or Path
            Reference of the checkpoint, or its folder.

        Returns
        -------
        Path
            Its folder, whose content is not checked yet.

        Raises
        ------
        CheckpointError
            If there is no such checkpoint, or the reference is none.
        """
        if isinstance(ref, Path) or "/" in ref or "\\" in ref:
            if not Path(ref).is_dir():
                raise CheckpointError(f"{ref}: no such folder", hint="name a checkpoint, such as demo or demo@1.0.0")
            return Path(ref)
        name, _, wanted = ref.partition("@")
        _check_name(name)
        known = self.list()
        versions = [one for one in known if one.name == name]
        if not versions:
            raise CheckpointError(f"{self.root} has no checkpoint {name}", hint=_nearest(name, known))
        matching = [one for one in versions if _matches(one.number, wanted)]
        if not matching:
            has = ", ".join(one.version for one in versions)
            raise CheckpointError(f"{self.root} has no checkpoint {ref}", hint=f"{name} has {has}")
        return matching[-1].path

    def metadata(self, ref: str | Path) -> dict[str, Any]:
        """Read ``metadata.json`` of a checkpoint, without loading the model.

        Parameters
        ----------
        ref : str or Path
            Reference of the checkpoint, or its folder.

        Returns
        -------
        dict
            Its facts. What was given to `save` is under ``metadata``.

        Raises
        ------
        CheckpointError
            If there is no such checkpoint, or its metadata can't be read.
        """
        return _read_metadata(self.path(ref))

    def list(self) -> tuple[Checkpoint, ...]:
        """List what can be loaded, by name and then by version.

        Returns
        -------
        tuple of Checkpoint
            Empty where the folder does not exist.
        """
        if not self.root.is_dir():
            return ()
        found = []
        for path in self.root.iterdir():
            name, _, version = path.name.partition("@v")
            if path.is_dir() and _NAME.fullmatch(name) and _VERSION.fullmatch(version):
                found.append(Checkpoint(name, _number(version), path))
        return tuple(sorted(found))

    @contextmanager
    def _saving(self, name: str) -> Iterator[Path]:
        """Give a new folder, which is removed unless it was renamed. One process saves at a time."""
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / ".lock"):
            # Whoever began these was killed: a process that still saves would hold the lock.
            for left in self.root.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(left)
            folder = self.root / f"{_UNFINISHED}{name}"
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _new_version(self, name: str, version: str | None) -> Version:
        taken = [one.number for one in self.list() if one.name == name]
        if version is None:
            return (taken[-1][0], taken[-1][1] + 1, 0) if taken else (1, 0, 0)
        if not _VERSION.fullmatch(version):
            raise CheckpointError(f"{version!r} is no version", hint="give three numbers, such as 1.2.0")
        number = _number(version)
        if number in taken:
            major, minor, patch = taken[-1]
            following = f"{major}.{minor + 1}.0 or {major}.{minor}.{patch + 1}"
            raise CheckpointError(
                f"{self.root / name}@v{_text(number)} exists, and a checkpoint is never overwritten",
                hint=f"give another version, such as {following}",
            )
        return number

    def _project(self) -> Path:
        """Find the project around the checkpoints: the folder with ``conf/base.yaml``, or else their parent."""
        root = self.root.resolve()
        return next((one for one in root.parents if (one / "conf" / "base.yaml").is_file()), root.parent)

    def _portable(self, origin: str) -> str:
        """Say where a base model is in a way that holds when the project moves."""
        if not Path(origin).exists():
            return origin
        path = Path(origin).resolve()
        if path.is_relative_to(_LLM):
            return f"package:{path.relative_to(_LLM).as_posix()}"
        if path.is_relative_to(self._project()):
            return f"./{path.relative_to(self._project()).as_posix()}"
        return str(path)

    def _locate(self, reference: str) -> str:
        """Turn a reference to a base model into what transformers can load."""
        if not reference.startswith("./") and not Path(reference).is_absolute():
            return resolve_base_model(reference)
        path = self._project() / reference
        if not path.is_dir():
            raise CheckpointError(f"{path}: the base model is not there", hint="put it back, or train again")
        return str(path)

    def _fingerprint(self, reference: str) -> str:
        """Digest the names and contents of a base model's weights."""
        folder = _weights_folder(self._locate(reference))
        weights = sorted(path for path in folder.iterdir() if path.suffix in WEIGHT_SUFFIXES)
        if not weights:
            raise CheckpointError(f"{folder}: the base model has no weights", hint="save it with save_pretrained")
        digest = hashlib.sha256()
        for path in weights:
            digest.update(f"{path.name} {_sha256(path)}\n".encode())
        return f"sha256:{digest.hexdigest()}"

    def _checked_base(self, folder: Path, facts: Mapping[str, Any]) -> str:
        reference = facts["base_model"]
        if not reference or ".." in PurePosixPath(reference).parts:
            raise CheckpointError(f"{folder / METADATA}: base_model is {reference!r}", hint="train again")
        now = self._fingerprint(reference)
        if now != facts["base_model_fingerprint"]:
            raise CheckpointError(
                f"{folder.name} was trained on other weights than those of {reference} now"
                f" ({facts['base_model_fingerprint']} then, {now} now)",
                hint=f"restore {reference} as it was, or train again",
            )
        return self._locate(reference)


def verify_folder(folder: Path) -> None:
    """Check that a checkpoint holds just the files that were saved, as they were saved.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoint.

    Raises
    ------
    CheckpointError
        At the first file that is missing, changed, unknown, not a plain file, or could run code.
    """
    if folder.is_symlink():
        raise CheckpointError(f"{folder} is a link", hint="name the folder that it points to")
    expected = _read_checksums(folder)
    present = {path.relative_to(folder).as_posix(): path for path in _plain_files(folder)}
    present.pop(CHECKSUMS)
    for name, path in present.items():
        if path.suffix not in SAFE_SUFFIXES:
            raise CheckpointError(
                f"{path}: a checkpoint holds safetensors, JSON and text, and other files could run code when loaded",
                hint="remove it, and load it with nothing else unless you know who made it",
            )
        if name not in expected:
            raise CheckpointError(f"{path} was not saved with the checkpoint", hint="remove it")
    for name, digest in expected.items():
        if name not in present:
            raise CheckpointError(f"{folder / name} is missing", hint=_RESTORE)
        if _sha256(present[name]) != digest:
            raise CheckpointError(f"{folder / name} is not as it was saved: cut short or changed", hint=_RESTORE)


def _plain_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise CheckpointError(f"{path} is a link or no plain file", hint="remove it, or copy in what it stands for")
        if path.is_file():
            yield path


def _read_checksums(folder: Path) -> dict[str, str]:
    checksums = _read_json(folder / CHECKSUMS)
    for name, digest in checksums.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name:
            raise CheckpointError(f"{folder / CHECKSUMS}: {name!r} leaves the checkpoint", hint=_RESTORE)
        if not isinstance(digest, str):
            raise CheckpointError(f"{folder / CHECKSUMS}: {name} has no checksum", hint=_RESTORE)
    return checksums


def _read_metadata(folder: Path) -> dict[str, Any]:
    path = folder / METADATA
    facts = _read_json(path)
    if facts.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: format {facts.get('format')!r} is not one that this project reads ({FORMAT})",
            hint="load it with the version of the project that saved it",
        )
    for key, kinds in METADATA_TYPES.items():
        if not isinstance(facts.get(key), kinds):
            raise CheckpointError(f"{path}: {key} is missing or of the wrong type", hint=_RESTORE)
    if facts["kind"] not in ("adapter", "full"):
        raise CheckpointError(f"{path}: kind {facts['kind']!r} is neither adapter nor full", hint=_RESTORE)
    return facts


def _read_json(path: Path) -> dict[str, Any]:
    if path.is_symlink() or not path.is_file():
        raise CheckpointError(f"{path.parent} is no checkpoint: it has no file {path.name}", hint=_RESTORE)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is not JSON: {error}", hint=_RESTORE) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds no JSON object", hint=_RESTORE)
    return content


def _write_model(folder: Path, model: Any, tokenizer: Any, reference: str | None) -> None:
    if hasattr(model, "get_base_model"):
        model.save_pretrained(folder, selected_adapters=["default"])
        # PEFT writes the base model's path on this machine into both files.
        (folder / "README.md").unlink(missing_ok=True)
        config = folder / "adapter_config.json"
        _write_json(config, json.loads(config.read_text(encoding="utf-8")) | {"base_model_name_or_path": reference})
    else:
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _seal(folder: Path) -> None:
    """Write the checksums, and have everything on the disk before the folder gets its name."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    _write_json(folder / CHECKSUMS, {path.relative_to(folder).as_posix(): _sha256(path) for path in files})
    mode = (folder / CHECKSUMS).stat().st_mode
    for path in files:
        path.chmod(mode)  # safetensors lets nobody but the owner read its files
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    # Windows can't open a folder, and wants a file to be writable.
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _as_json(metadata: Mapping[str, Any]) -> dict[str, Any]:
    try:
        copied: dict[str, Any] = json.loads(json.dumps(dict(metadata), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"the metadata is not JSON: {error}", hint="give text, numbers, lists, dicts") from error
    return copied


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _weights_folder(location: str) -> Path:
    if Path(location).is_dir():
        return Path(location)

    from transformers.utils.hub import cached_file

    config = cached_file(location, "config.json")
    if config is None:
        raise CheckpointError(f"{location}: no such base model", hint="give a folder, or a model's id on the hub")
    return Path(config).parent


def _origin(model: Any) -> str:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return str(getattr(base, "name_or_path", "") or "")


def _package_versions() -> dict[str, str]:
    versions = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in RECORDED_PACKAGES:
        with suppress(packages.PackageNotFoundError):
            versions[package] = packages.version(package)
    return versions


def _git_commit(folder: Path) -> str | None:
    try:
        return subprocess.check_output(
            ["/usr/bin/env", "git", "rev-parse", "--verify", "HEAD"],
            cwd=folder,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=10,
        ).strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise CheckpointError(
            f"{name!r} is no name of a checkpoint",
            hint="use at most 64 letters, digits, '.', '_' and '-', and start with a letter or a digit",
        )


def _matches(number: Version, wanted: str) -> bool:
    if wanted in ("", "latest"):
        return True
    if _VERSION.fullmatch(wanted):
        return number == _number(wanted)
    caret = _CARET.fullmatch(wanted)
    if not caret:
        raise CheckpointError(
            f"{wanted!r} is no version of a checkpoint",
            hint="give an exact version (1.2.0), a range (^1.0), or latest",
        )
    given = [int(part) for part in caret.groups() if part is not None]
    # The first number that is not zero must stay; where all are zero, the last that was given.
    fixed = next((at for at, part in enumerate(given) if part), len(given) - 1)
    lowest = tuple(given + [0] * (3 - len(given)))
    return number >= lowest and list(number[: fixed + 1]) == given[: fixed + 1]


def _number(version: str) -> Version:
    major, minor, patch = version.removeprefix("v").split(".")
    return int(major), int(minor), int(patch)


def _text(number: Version) -> str:
    return ".".join(map(str, number))


def _nearest(name: str, known: Sequence[Checkpoint]) -> str:
    names = sorted({one.name for one in known})
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names)}" if names else "nothing is saved there yet: train first"
