"""Model files: skops, which creates only types that are on a list; and a checksum that the registry keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from ..errors import first_line
from ..plugins import PACKAGE
from .errors import ModelError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MODEL = "model.skops"

_OWN = ("DateParts", "QuantileClipper", "to_categories", "to_numbers", "to_text")
_TRUSTED = frozenset(
    {
        *(f"{PACKAGE}.data.features.{name}" for name in _OWN),
        "numpy.dtype",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
    }
)


def save(pipeline: Pipeline, path: Path, trusted: Collection[str] = ()) -> str:
    """Write a model, and give the SHA-256 of its file.

    Parameters
    ----------
    trusted
        Types beyond scikit-learn's that the file may hold.

    Raises
    ------
    ModelError
        If the model has parts that could not be loaded again.
    """
    import skops.io

    content = skops.io.dumps(pipeline)
    _refuse_untrusted(content, trusted, "the model")
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def load(path: Path, sha256: str, trusted: Collection[str] = ()) -> Any:
    """Load a model whose file is the one that was registered.

    Raises
    ------
    ModelError
        If the file is missing, has changed, is no model, or holds a type that is not trusted. Nothing in it runs.
    """
    import skops.io

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"the model file {path.name} can't be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        message = f"the model file is not the one that was registered: its SHA-256 is {found}, not {sha256}"
        raise ModelError(message, hint="it was changed or cut off; promote another version, or train again")
    allowed = _refuse_untrusted(content, trusted, path.name)
    try:
        return skops.io.loads(content, trusted=allowed)
    except Exception as error:  # a crafted file can make any part of it fail
        raise _unreadable(path.name, error) from error


def _refuse_untrusted(content: bytes, trusted: Collection[str], name: str) -> Sequence[str]:
    import skops.io

    try:
        found: list[str] = skops.io.get_untrusted_types(data=content)
    except (BadZipFile, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(name, error) from error
    unknown = sorted(set(found) - _TRUSTED - set(trusted))
    if unknown:
        message = f"{name} holds types that are not trusted: {', '.join(unknown)}"
        raise ModelError(message, hint="if you know them, name them in models.trusted")
    return found


def _unreadable(name: str, error: Exception) -> ModelError:
    reason = first_line(error)
    return ModelError(f"{name} is no model of skops: {reason}", hint="a pickle is not accepted; train again")
