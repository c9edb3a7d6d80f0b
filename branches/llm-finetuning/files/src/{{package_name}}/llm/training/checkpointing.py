"""Versioned checkpoints: written whole or not at all, and checked before they are loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from ...disk import room_for
from ...tracking.provenance import read_commit
from ..config import Precision
from ..errors import CheckpointError
from .checkpoint_archive import pack, unpack
from .checkpoint_base import checked_base, find_project, fingerprint, model_origin, portable_reference
from .checkpoint_files import (
    CHECKSUMS,
    FORMAT,
    METADATA,
    check_weights,
    read_metadata,
    seal,
    sync_tree,
    verify_folder,
    write_json,
)
from .checkpoint_folder import CheckpointFolder
from .checkpoint_model import kind_of, package_versions, read_model, write_model
from .checkpoint_names import Checkpoint, check_name, choose, version_text

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FOLDER = "checkpoints"
"""Of a project."""


class CheckpointManager:
    """Save, find and load the versions of fine-tuned models.

    Parameters
    ----------
    root : str or Path, default="checkpoints"
        Folder of the checkpoints, one folder ``<name>@v<version>`` each. A folder with another name, such as one that
        was unzipped there, is known by the name and version in its metadata.
    test : callable, optional
        Called with the folder of each new checkpoint before it gets its name; it raises where that must not be.

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

    def __init__(self, root: str | Path = FOLDER, test: Callable[[Path], object] | None = None) -> None:
        self.root = Path(root)
        self.test = test
        self._folder = CheckpointFolder(self.root)

    @classmethod
    def of_project(cls, root: Path) -> Self:
        """Give the checkpoints of a project, by its folder."""
        return cls(root / FOLDER)

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
        check_name(name)
        given = _as_json(metadata)
        is_adapter = hasattr(model, "get_base_model")
        origin = model_origin(model)
        if is_adapter and not origin:
            raise CheckpointError(
                f"{name}: the adapter's base model was loaded from nowhere, so the adapter could not be loaded again",
                hint="save the base model with save_pretrained, and load it from there before training",
            )
        reference = portable_reference(origin, self.project) if origin else None
        revision = getattr(getattr(model, "config", None), "_commit_hash", None)
        with room_for(f"the checkpoint {name}", CheckpointError), self._folder.saving(name) as folder:
            number = self._folder.new_version(name, version)
            write_model(folder, model, tokenizer, reference)
            facts = {
                "format": FORMAT,
                "name": name,
                "version": version_text(number),
                "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "kind": kind_of(model),
                "base_model": reference,
                "base_model_revision": revision,
                "base_model_fingerprint": fingerprint(reference, self.project, revision)
                if is_adapter and reference
                else None,
                "packages": package_versions(),
                "git_commit": read_commit(self.project).sha,
                "metadata": given,
            }
            write_json(folder / METADATA, facts)
            seal(folder)
            if self.test:
                self.test(folder)
            return self._folder.keep(folder, name, number)

    def load_checkpoint(
        self,
        ref: str | Path,
        *,
        trainable: bool = False,
        precision: Precision = "saved",
        four_bits: bool = False,
        kind: Literal["language", "reward"] = "language",
    ) -> tuple[PreTrainedModel | PeftModel, PreTrainedTokenizerBase, dict[str, Any]]:
        """Load a model for inference, with its tokenizer and its metadata.

        Parameters
        ----------
        ref : str or Path
            Reference of the checkpoint, or its folder.
        trainable : bool
            Whether to load an adapter to be trained on.
        precision : str
            ``single``, ``bfloat16``, ``float16``, or the one in which the weights were ``saved``.
        four_bits : bool
            Whether to quantise the base model to NF4 with bitsandbytes, on the GPU.
        kind : str
            What is wanted: a ``language`` model, or a ``reward`` model.

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
        facts = read_metadata(folder)
        if (facts["kind"] == "reward") != (kind == "reward"):
            does = "scores answers and writes none" if facts["kind"] == "reward" else "writes answers and scores none"
            raise CheckpointError(f"{folder.name} {does}", hint="`checkpoints list` tells the kind of each")
        if facts["kind"] == "quantized" and trainable:
            parent = facts["metadata"].get("quantized_from", "what it was made of")
            raise CheckpointError(f"{folder.name} is quantised, and can't be trained on", hint=f"train on {parent}")
        base = checked_base(folder, facts, self.project) if facts["kind"] == "adapter" else None
        model, tokenizer = read_model(folder, base, trainable=trainable, precision=precision, four_bits=four_bits)
        return model, tokenizer, facts

    def verify(self, ref: str | Path) -> dict[str, Any]:
        """Check a checkpoint without loading it: its files, its weights' heads, its metadata and its base model.

        Returns
        -------
        dict
            Its metadata.

        Raises
        ------
        CheckpointError
            If it does not exist, is not as it was saved, or its base model is missing or has changed.
        """
        return self._verify(self.path(ref))

    def export(self, ref: str | Path, output: str | Path | None = None) -> Path:
        """Write a checkpoint as a zip that `import_zip`, and plain ``unzip``, make a checkpoint of again.

        Parameters
        ----------
        ref : str or Path
            Reference of the checkpoint, or its folder.
        output : str or Path, optional
            The zip; by default ``model_v<version>.zip`` in the current folder.

        Returns
        -------
        Path
            The zip. It holds one folder, ``model_v<version>``.

        Raises
        ------
        CheckpointError
            If the checkpoint is not as it was saved, the zip exists, or the disk is full.
        """
        folder = self.path(ref)
        verify_folder(folder)
        top = f"model_v{read_metadata(folder)['version']}"
        target = Path(output or f"{top}.zip")
        pack(folder, target, top)
        return target

    def import_zip(self, source: str | Path, *, version: str | None = None) -> Path:
        """Take a checkpoint out of a zip, under the name and version in its metadata.

        Parameters
        ----------
        source : str or Path
            A zip that `export` made.
        version : str, optional
            Version to give it in place of the one in its metadata, where there is another checkpoint with that.

        Returns
        -------
        Path
            Folder of the checkpoint.

        Raises
        ------
        CheckpointError
            If the zip is damaged or hostile, its base model is missing or another one, or the version exists.
        """
        with self._folder.saving("import") as folder:
            unpack(Path(source), folder)
            try:
                facts = self._verify(folder)
                check_name(facts["name"])
                number = self._folder.new_version(facts["name"], version or facts["version"])
                if version:
                    (folder / CHECKSUMS).unlink()
                    write_json(
                        folder / METADATA,
                        {**facts, "version": version_text(number), "exported_version": facts["version"]},
                    )
                    seal(folder)
                if self.test:
                    self.test(folder)
            except CheckpointError as error:  # its folder has a name that nobody gave it, and is about to go
                message = error.message.replace(f"{folder}/", "").replace(str(folder), "it").replace(folder.name, "it")
                raise CheckpointError(f"{source}: {message}", hint=error.hint) from error
            sync_tree(folder)
            return self._folder.keep(folder, facts["name"], number)

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
        return choose(ref, self.list(), self.root).path

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
        return read_metadata(self.path(ref))

    def list(self) -> tuple[Checkpoint, ...]:
        """List what can be loaded, by name and then by version.

        Returns
        -------
        tuple of Checkpoint
            Empty where the folder does not exist.
        """
        return self._folder.list()

    @property
    def project(self) -> Path:
        """Folder that references to base models start from."""
        return find_project(self.root)

    def _verify(self, folder: Path) -> dict[str, Any]:
        verify_folder(folder)
        check_weights(folder)
        facts = read_metadata(folder)
        if facts["kind"] == "adapter":
            checked_base(folder, facts, self.project)
        return facts


def _as_json(metadata: Mapping[str, Any]) -> dict[str, Any]:
    try:
        copied: dict[str, Any] = json.loads(json.dumps(dict(metadata), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"the metadata is not JSON: {error}", hint="give text, numbers, lists, dicts") from error
    return copied
