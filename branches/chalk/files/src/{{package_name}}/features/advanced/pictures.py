"""Images of a table: files of a folder, or what such files hold, as pixels."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from ...errors import first_line
from ..errors import FeatureError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_picture(value: Any, folder: Path) -> Image.Image:
    """Read an image in RGB, the right way up.

    Parameters
    ----------
    value
        A path in the folder, the bytes of a file, or an array of pixels from 0 to 255 of shape (height, width) or
        (height, width, 3).
    folder
        Where paths begin. A path that leads out of it is refused: tables come from elsewhere.

    Raises
    ------
    FeatureError
        If there is no such file, or it holds no image.
    """
    name = "an image" if isinstance(value, bytes | np.ndarray) else str(value)
    try:
        with _opened(value, folder) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    # Pillow says of a damaged file whatever the reader of its format does.
    except (OSError, ValueError, SyntaxError, TypeError, EOFError, Image.DecompressionBombError) as error:
        raise FeatureError(f"{name} can't be read as an image: {first_line(error)}", hint=_HINT) from error


_HINT = "mend or leave out the row, or set features.transformations.image.broken=missing"


def _opened(value: Any, folder: Path) -> Image.Image:
    if isinstance(value, np.ndarray):
        return Image.fromarray(np.asarray(value, dtype=np.uint8))
    if isinstance(value, bytes):
        return Image.open(BytesIO(value))
    path = (folder / str(value)).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FeatureError(f"{value} is not in the folder of images, {folder}", hint="paths begin at that folder")
    return Image.open(path)


def pixels_of(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Give the pixels of an image brought to a height and a width, of shape (height, width, 3)."""
    height, width = size
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS), dtype=np.uint8)
