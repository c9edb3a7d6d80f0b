"""Models in files of ONNX, run on the processor. Needs the extra `onnx`."""

from __future__ import annotations

from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from typing import Any

from ...errors import first_line
from ..errors import FeatureError
from ..extras import bring


def open_session(path: Path) -> Any:
    """Open a model once, as long as its file stays as it is.

    Raises
    ------
    FeatureError
        If the file is missing or holds no model, or the extra is not installed.
    """
    if not path.is_file():
        hint = "models are not downloaded: put the file there, or set another"
        raise FeatureError(f"there is no model at {path}", hint=hint)
    return _session(str(path.resolve()), path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _session(path: str, _changed: int) -> Any:
    runtime = bring("onnxruntime", "onnx", "embeddings by a model")
    try:
        return runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a kind of error for each way to fail, of no common kind
        raise FeatureError(f"{path} holds no model: {first_line(error)}", hint="it is a file of ONNX") from error


def fingerprint(folder: Path) -> str:
    """Name a file, or all files of a folder, by what they hold."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]
    return "\n".join(f"{path.relative_to(folder)} {_digest(path)}" for path in files)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
