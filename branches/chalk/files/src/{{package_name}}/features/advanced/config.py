"""Parts of ``features.transformations`` for columns that are named: texts, images, and texts that are embedded."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from ...config import ConfigModel

Span = tuple[int, int]


class TextConfig(ConfigModel):
    """Columns of text, and what is said of them."""

    columns: tuple[str, ...] = Field(default=(), description="Columns of text; they are no categories then")
    parts: tuple[Literal["terms", "readability", "language", "sentiment"], ...] = Field(
        default=("terms", "readability", "language", "sentiment"), description="What is said of each"
    )
    words: int = Field(default=200, ge=0, description="Words and n-grams of words of a column, at most")
    word_ngrams: Span = Field(default=(1, 2), description="The fewest and the most words of an n-gram")
    characters: int = Field(default=0, ge=0, description="N-grams of characters of a column, at most")
    character_ngrams: Span = Field(default=(3, 5), description="The fewest and the most characters of an n-gram")
    languages: tuple[str, ...] = Field(default=(), description="Codes of languages that are looked for; empty: all")
    lexicon: str = Field(default="", description="File of words and valences for sentiment; empty: VADER's")


class ImageConfig(ConfigModel):
    """Columns of images, and what is said of them."""

    columns: tuple[str, ...] = Field(default=(), description="Columns of paths of images, or of their bytes")
    folder: Path = Field(default=Path("data"), description="Where paths begin; none may lead out of it")
    parts: tuple[Literal["colour", "texture", "hog", "hash"], ...] = Field(
        default=("colour", "texture", "hog", "hash"), description="What is said of each"
    )
    size: int = Field(default=128, ge=16, description="Height and width that images are brought to, in pixels")
    model: str = Field(default="", description="File of ONNX that gives each image a vector; empty: none")
    mean: tuple[float, float, float] = Field(default=(0.485, 0.456, 0.406), description="Of channels, for the model")
    deviation: tuple[float, float, float] = Field(default=(0.229, 0.224, 0.225), description="Of channels, likewise")
    broken: Literal["error", "missing"] = Field(default="error", description="What files that hold no image become")


class EmbeddingConfig(ConfigModel):
    """Columns of text that become vectors."""

    columns: tuple[str, ...] = Field(default=(), description="Columns of text; they are no categories then")
    model: str = Field(default="hashing", description="hashing, or the folder of a model of sentence-transformers")
    dimensions: int = Field(default=32, ge=1, description="Numbers that a vector is reduced to, at most")
    reduction: Literal["svd", "pca", "none"] = Field(default="svd", description="How vectors are reduced")
    hashes: int = Field(default=2**16, ge=2, description="Numbers that n-grams are hashed into, before the reduction")
    neighbours: int = Field(default=0, ge=0, description="Nearest training rows that distances are given to")
    cache: Path = Field(default=Path("data/features/vectors.db"), description="File of a model's vectors")
    cache_mb: int = Field(default=512, ge=1, description="What that file may grow to; the oldest vectors go")
