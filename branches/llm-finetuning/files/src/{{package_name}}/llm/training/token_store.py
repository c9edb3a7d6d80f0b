"""Rows of tokens in files: encoded a few at a time, kept under what they were made of, and read by memory map.

rows → conversations → tokens → <folder>/<digest>/{train,validation}.arrow and checksums.json
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...disk import room_for
from ..errors import DataError
from ..tracking import digest_of
from .checkpoint_files import CHECKSUMS, is_as_sealed, read_json, seal
from .data_preparation import Conversations, Loss, Messages, TokenRow, conversations_of, encode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

UNFINISHED = ".unfinished-"
TOKENS = ".tokens"
"""Folder beside the checkpoints in which tokens are kept."""
USED = ("train", "validation")
ENCODED_AT_ONCE = 256
KEPT = 8  # of the last ones used; tokens of other rows are made again if they are asked for
_ABANDONED = 86_400.0  # seconds after which nobody writes on
# The code that makes tokens of rows, below the folder of this branch: changed, it may make others.
_CODE = (
    "data/examples.py",
    "data/formats.py",
    "data/normalisation.py",
    "data/pairs.py",
    "inference/asking.py",
    "training/data_preparation.py",
)


class TokenRows:
    """Rows of a split in a file, of which only those in use are in memory.

    Parameters
    ----------
    path : Path
        The file.
    digest : str
        SHA-256 of the file.

    Attributes
    ----------
    dataset : datasets.Dataset
        Columns ``input_ids`` and ``labels``, as `TokenRow` has them.
    sizes, supervised : ndarray of shape (n_rows,)
        Tokens of each row, and how many of them the loss counts.
    """

    def __init__(self, path: Path, digest: str) -> None:
        import pyarrow.compute

        datasets = import_module("datasets")  # imported so because it has no types
        found: Any = datasets.Dataset.from_file(str(path))
        self.digest = digest
        self.sizes: NDArray[np.int32] = pyarrow.compute.list_value_length(found.data.column("input_ids")).to_numpy()
        self.supervised: NDArray[np.int32] = found.data.column("supervised").to_numpy()
        self.dataset: Any = found.remove_columns("supervised")

    def __len__(self) -> int:
        return len(self.dataset)

    def first(self, count: int) -> list[TokenRow]:
        """Read the first rows."""
        return [TokenRow(**row) for row in self.dataset.select(range(min(count, len(self))))]


def prepare_rows(
    tokenizer: PreTrainedTokenizerBase, dataset: Conversations, loss: Loss, folder: Path
) -> dict[str, TokenRows]:
    """Give the rows for training and validation in tokens; made only if the same are not kept already.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        Tokenizer with a chat template.
    dataset : mapping or path
        As `conversations_of` takes it.
    loss : str
        As `encode` takes it.
    folder : Path
        Where tokens are kept. What is there may be removed at any time but during a run.

    Raises
    ------
    DataError
        If there is nothing to train on, rows can't be used, or there is no room for their tokens.
    ModelError
        If the chat template is broken.
    """
    target = folder / _identify(tokenizer, dataset, loss)
    if not is_as_sealed(target):
        with room_for(f"the tokens of the rows in {folder}", DataError):
            _make(tokenizer, dataset, loss, target)
    os.utime(target)
    _drop_old(folder)
    digests = read_json(target / CHECKSUMS)
    return {Path(name).stem: TokenRows(target / name, digest) for name, digest in sorted(digests.items())}


def _drop_old(folder: Path) -> None:
    """Remove all tokens but those used last, and what was left unfinished."""
    found: dict[Path, float] = {}
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process may rename it, or remove it, at the same time
            if path.is_dir():
                found[path] = path.stat().st_mtime
    finished = [path for path in found if not path.name.startswith(UNFINISHED)]
    old = sorted(finished, key=found.__getitem__)[:-KEPT]
    left = [path for path in found if path not in finished and found[path] < time.time() - _ABANDONED]
    for path in (*old, *left):
        shutil.rmtree(path, ignore_errors=True)  # Windows can't remove what another process reads


def _identify(tokenizer: PreTrainedTokenizerBase, dataset: Conversations, loss: Loss) -> str:
    """Give the digest of all that tokens are made of: rows, tokenizer, chat template, setting and code."""
    package = Path(__file__).parents[1]
    fast: Any = tokenizer  # one with offsets, which `encode` needs
    facts = [
        "" if isinstance(dataset, Mapping) else Path(dataset).suffix.lower(),
        digest_of(dataset),
        fast.backend_tokenizer.to_str(),
        fast.chat_template,
        {name: str(token) for name, token in fast.special_tokens_map.items()},
        loss,
        *(sha256((package / path).read_bytes()).hexdigest() for path in _CODE),
        *(import_module(library).__version__ for library in ("tokenizers", "transformers")),
    ]
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _make(tokenizer: PreTrainedTokenizerBase, dataset: Conversations, loss: Loss, target: Path) -> None:
    """Encode all rows, and give their files their place when all of them are on the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=target.parent))
    try:
        _write(tokenizer, dataset, loss, scratch)
        if not (scratch / "train.arrow").is_file():
            raise DataError("there is nothing to train on", hint="give pairs or conversations under 'train'")
        scratch.chmod(0o755)
        seal(scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not is_as_sealed(target):  # else another process was faster
                shutil.rmtree(target)
                scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(tokenizer: PreTrainedTokenizerBase, dataset: Conversations, loss: Loss, folder: Path) -> None:
    """Write a file for each split that has rows."""
    import pyarrow

    numbers = pyarrow.list_(pyarrow.int32())
    schema = pyarrow.schema({"input_ids": numbers, "labels": numbers, "supervised": pyarrow.int32()})
    waiting: defaultdict[str, list[Messages]] = defaultdict(list)
    writers: dict[str, Any] = {}

    def flush(name: str) -> None:
        rows = encode(tokenizer, waiting.pop(name), loss)
        columns = [[row.input_ids for row in rows], [row.labels for row in rows], [row.supervised for row in rows]]
        if name not in writers:
            sink = files.enter_context((folder / f"{name}.arrow").open("wb"))
            writers[name] = files.enter_context(pyarrow.ipc.new_stream(sink, schema))
        writers[name].write_batch(
            pyarrow.record_batch(
                [pyarrow.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)], schema=schema
            )
        )

    with ExitStack() as files:
        for name, messages in conversations_of(dataset, USED):
            waiting[name].append(messages)
            if len(waiting[name]) == ENCODED_AT_ONCE:
                flush(name)
        for name in list(waiting):
            flush(name)
