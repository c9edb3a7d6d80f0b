"""Images as vectors, by a model in a file of ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import first_line
from ..errors import FeatureError
from .onnx_files import open_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHANNELS = 3
_IMAGE_DIMENSIONS = 4  # batch, and three of an image


class ImageModel:
    """A network that takes images.

    Its first input has the shape (batch, 3, height, width) or (batch, height, width, 3); its first output has a vector
    for each image, or maps of features that are averaged over the image.

    Parameters
    ----------
    path
        The file.
    mean, deviation
        Of each channel from 0 to 1, as the model was trained with.
    size
        Height and width in pixels, where the model leaves them open.
    """

    def __init__(self, path: Path, mean: Sequence[float], deviation: Sequence[float], size: int) -> None:
        self._session = open_session(path)
        self._path = path
        self._input = self._session.get_inputs()[0]
        shape = self._input.shape
        if len(shape) != _IMAGE_DIMENSIONS or _CHANNELS not in (shape[1], shape[3]):
            hint = "its first input is (batch, 3, height, width) or (batch, height, width, 3)"
            raise FeatureError(f"{path} takes {shape}, and no images in colour", hint=hint)
        self._channels_first = shape[1] == _CHANNELS
        height, width = shape[2:] if self._channels_first else shape[1:3]
        self.size = (height if isinstance(height, int) else size, width if isinstance(width, int) else size)
        self._mean = np.asarray(mean, dtype=np.float32)
        self._deviation = np.asarray(deviation, dtype=np.float32)

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Give the vector of one image.

        Parameters
        ----------
        pixels
            Of shape (height, width, 3), as `size` says.
        """
        scaled: NDArray[np.float32] = (pixels.astype(np.float32) / np.float32(255) - self._mean) / self._deviation
        batch = (scaled.transpose(2, 0, 1) if self._channels_first else scaled)[None]
        values: NDArray[np.float64] = np.asarray(self._run(batch)[0], dtype=np.float64)[0]
        if values.ndim == _IMAGE_DIMENSIONS - 1:
            # (channels, rows, columns), or channels last
            values = values.mean(axis=(1, 2) if self._channels_first else (0, 1))
        return values.ravel()

    def _run(self, batch: NDArray[np.float32]) -> Any:
        try:
            return self._session.run(None, {self._input.name: batch})
        except Exception as error:  # of no common kind, as when it is opened
            raise FeatureError(f"{self._path} can't embed an image: {first_line(error)}") from error
