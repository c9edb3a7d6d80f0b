"""Where the rows of sources come from, and what is wrong with those that no feature is made of."""

from .memory import MemoryReader
from .reader import SourceReader, open_reader

__all__ = ["MemoryReader", "SourceReader", "open_reader"]
