"""What images show as numbers: colours, texture, edges, a hash of the looks, and a model's vector.

Needs the extra `image`, and `onnx` for a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from ..errors import FeatureError
from ..extras import bring
from .columns import ColumnDescriber
from .image_models import ImageModel
from .pictures import pixels_of, read_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = ("colour", "texture", "hog", "hash")
_BINS = 8  # of a histogram of one channel
_GREYS = 32  # levels that co-occurrences are counted of
_NEIGHBOURS = 8  # of a pixel
_ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
_HARALICK = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")
_CELLS, _ORIENTATIONS = 4, 8  # of HOG: cells a side, directions a cell
_HASH = 8  # bits a side
_FLAT = 1e-6  # deviation of tones that are all one, but for rounding
NAMES = {
    "colour": [f"{channel}_{place}" for channel in ("red", "green", "blue") for place in range(_BINS)]
    + [f"{channel}_{m}" for channel in ("hue", "saturation", "brightness") for m in ("mean", "deviation", "skewness")],
    "texture": [f"pattern_{place}" for place in range(_NEIGHBOURS + 2)] + list(_HARALICK),
    "hog": [f"hog_{place}" for place in range(_CELLS * _CELLS * _ORIENTATIONS)],
    "hash": [f"hash_{place}" for place in range(_HASH * _HASH)],
}


class ImageFeatures(ColumnDescriber):
    """Columns of images, described one by one. Nothing is learnt but how long a model's vectors are.

    The first number of a column says whether its image is missing; all others are NaN then.

    Parameters
    ----------
    parts
        `colour`: histograms of red, green and blue, and mean, deviation and skewness of hue, saturation and brightness
        (Stricker and Orengo 1995, doi:10.1117/12.205308). `texture`: uniform local binary patterns (Ojala et al. 2002,
        doi:10.1109/TPAMI.2002.1017623) and five properties of the co-occurrence of greys (Haralick et al. 1973,
        doi:10.1109/TSMC.1973.4309314). `hog`: histograms of oriented gradients (Dalal and Triggs 2005,
        doi:10.1109/CVPR.2005.177), of 4 by 4 cells. `hash`: the 64 bits of the perceptual hash, of which images that
        look alike share most.
    folder
        Where paths begin.
    size
        Height and width in pixels that images are brought to.
    model
        A file of ONNX, as `ImageModel` takes it; empty for none.
    mean, deviation
        Of the channels, as the model was trained with; those of ImageNet by default.
    broken
        What becomes of files that are missing or hold no image: `error`, or `missing` like a value that is.
    """

    def __init__(
        self,
        parts: Sequence[str] = PARTS,
        *,
        folder: str | Path = ".",
        size: int = 128,
        model: str = "",
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        deviation: Sequence[float] = (0.229, 0.224, 0.225),
        broken: str = "error",
    ) -> None:
        self.parts = parts
        self.folder = folder
        self.size = size
        self.model = model
        self.mean = mean
        self.deviation = deviation
        self.broken = broken

    def _learn(self, values: NDArray[np.object_]) -> int:
        if unknown := [part for part in self.parts if part not in NAMES]:
            raise FeatureError(f"images have no part {', '.join(unknown)}", hint=f"there are {', '.join(NAMES)}")
        model = self._open()
        return len(model.embed(np.zeros((*model.size, 3), dtype=np.uint8))) if model else 0

    def _describe(self, values: NDArray[np.object_], learnt: int) -> NDArray[np.float64]:
        model = self._open()
        described = np.full((len(values), len(self._names(learnt))), np.nan)
        for row, (value, gone) in enumerate(zip(values, pd.isna(values), strict=True)):
            image = None if gone else self._read(value)
            described[row, 0] = float(image is None)
            if image is not None:
                described[row, 1:] = self._numbers(image, model)
        return described

    def _names(self, learnt: int) -> list[str]:
        known = [name for part in self.parts for name in NAMES[part]]
        return ["missing", *known, *(f"vector_{place}" for place in range(learnt))]

    def _open(self) -> ImageModel | None:
        return ImageModel(Path(self.model), self.mean, self.deviation, self.size) if self.model else None

    def _read(self, value: Any) -> Image.Image | None:
        try:
            return read_picture(value, Path(self.folder))
        except FeatureError:
            if self.broken != "missing":
                raise
            return None

    def _numbers(self, image: Image.Image, model: ImageModel | None) -> NDArray[np.float64]:
        pixels = pixels_of(image, (self.size, self.size))
        vector = model.embed(pixels_of(image, model.size)) if model else np.empty(0)
        return np.concatenate([*(_DESCRIBE[part](pixels) for part in self.parts), vector])


def _colour(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    shares = [np.histogram(channel, _BINS, (0, 256))[0] / channel.size for channel in np.moveaxis(pixels, -1, 0)]
    tones = _color().rgb2hsv(pixels).reshape(-1, 3)
    means, deviations = tones.mean(axis=0), tones.std(axis=0)
    # One tone all over is not skewed; what rounding leaves of its deviation would be.
    skewness = ((tones - means) ** 3).mean(axis=0) / np.maximum(deviations, _FLAT) ** 3
    return np.concatenate([*shares, np.column_stack([means, deviations, skewness]).ravel()])


def _texture(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    feature = bring("skimage.feature", "image", "features of images")
    grey = _grey(pixels)
    codes = feature.local_binary_pattern(grey, _NEIGHBOURS, 1, method="uniform")
    patterns = np.bincount(codes.astype(int).ravel(), minlength=_NEIGHBOURS + 2) / codes.size
    levels = (grey // (256 // _GREYS)).astype(np.uint8)
    together = feature.graycomatrix(levels, [1], _ANGLES, _GREYS, symmetric=True, normed=True)
    properties = [float(feature.graycoprops(together, name).mean()) for name in _HARALICK]
    return np.concatenate([patterns, properties])


def _hog(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    feature = bring("skimage.feature", "image", "features of images")
    side = pixels.shape[0] // _CELLS
    shape = {"orientations": _ORIENTATIONS, "pixels_per_cell": (side, side), "cells_per_block": (1, 1)}
    edges: NDArray[np.float64] = feature.hog(_grey(pixels)[: side * _CELLS, : side * _CELLS], **shape)
    return edges


def _hash(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    hashes = bring("imagehash", "image", "hashes of images")
    return np.asarray(hashes.phash(Image.fromarray(pixels), hash_size=_HASH).hash, dtype=float).ravel()


def _color() -> Any:
    return bring("skimage.color", "image", "features of images")


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.uint8)


_DESCRIBE = {"colour": _colour, "texture": _texture, "hog": _hog, "hash": _hash}
