"""Texts as vectors, by a model in a folder. Nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ...errors import first_line
from ..errors import FeatureError
from ..extras import bring
from .onnx_files import fingerprint, open_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PLACES = ("onnx/model.onnx", "model.onnx")
_TOKENS = 512  # that a text is cut to where its model says nothing
_TOKEN_DIMENSIONS = 3  # batch, tokens, vector


class TextModel(Protocol):
    """What makes vectors of texts."""

    name: str
    """What the model holds: vectors are kept under it."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give an array of shape (n_texts, n_dimensions)."""


def open_text_model(folder: Path) -> TextModel:
    """Open the folder of a model, as sentence-transformers writes it.

    With `onnx/model.onnx` or `model.onnx` in it, it runs on ONNX Runtime, without PyTorch; else by the package
    sentence-transformers.

    Raises
    ------
    FeatureError
        If there is no model, or the extra that runs it is not installed.
    """
    if not folder.is_dir():
        hint = "models are not downloaded: put the folder of one there, or set model=hashing"
        raise FeatureError(f"there is no model in {folder}", hint=hint)
    return _opened(folder.resolve(), max(path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]))


@lru_cache(maxsize=2)
def _opened(folder: Path, _changed: int) -> TextModel:
    if any((folder / place).is_file() for place in _PLACES):
        return OnnxTextModel(folder)
    return SentenceModel(folder)


class SentenceModel:
    """A model of the package sentence-transformers."""

    def __init__(self, folder: Path) -> None:
        package = bring("sentence_transformers", "sentences", "embeddings by a model of PyTorch")
        try:
            self._model = package.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError) as error:
            hint = "it is a folder that sentence-transformers wrote"
            raise FeatureError(f"{folder} holds no model: {first_line(error)}", hint=hint) from error
        self.name = fingerprint(folder)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give an array of shape (n_texts, n_dimensions)."""
        vectors = self._model.encode(list(texts), show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float32)


class OnnxTextModel:
    """An encoder in a file of ONNX, with its tokenizer.

    The vectors of tokens become one of the text as the folder says: their mean, or that of the first token, to length 1
    if the folder has a step for it.
    """

    def __init__(self, folder: Path) -> None:
        tokenizers = bring("tokenizers", "onnx", "embeddings by a model")
        self._folder = folder
        self._session = open_session(next(folder / place for place in _PLACES if (folder / place).is_file()))
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        if not (folder / "tokenizer.json").is_file():
            raise FeatureError(f"{folder} has no tokenizer.json", hint="the model's own tokenizer belongs there")
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_json(folder / "sentence_bert_config.json").get("max_seq_length") or _TOKENS)
        self._tokenizer.enable_padding()
        self._first = bool(_json(folder / "1_Pooling/config.json").get("pooling_mode_cls_token"))
        steps = _json(folder / "modules.json", [])
        self._normed = any(str(step.get("type", "")).endswith("Normalize") for step in steps)
        self.name = fingerprint(folder)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give an array of shape (n_texts, n_dimensions)."""
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.asarray([entry.attention_mask for entry in encoded], dtype=np.int64)
        given = {
            "input_ids": np.asarray([entry.ids for entry in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.asarray([entry.type_ids for entry in encoded], dtype=np.int64),
        }
        try:
            values = self._session.run(None, {name: given[name] for name in given if name in self._inputs})[0]
        except Exception as error:  # onnxruntime has a kind of error for each way to fail, of no common kind
            raise FeatureError(f"the model in {self._folder} can't embed texts: {first_line(error)}") from error
        vectors = self._pooled(np.asarray(values, dtype=np.float32), mask)
        if not self._normed:
            return vectors
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        normed: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(1e-12))
        return normed

    def _pooled(self, values: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        if values.ndim != _TOKEN_DIMENSIONS:
            return values  # the model pools by itself
        if self._first:
            return values[:, 0]
        weights = mask[:, :, None].astype(np.float32)  # (texts, tokens, 1)
        mean: NDArray[np.float32] = (values * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
        return mean


def _json(path: Path, default: Any = None) -> Any:
    if not path.is_file():
        return {} if default is None else default
    return json.loads(path.read_text(encoding="utf-8"))
