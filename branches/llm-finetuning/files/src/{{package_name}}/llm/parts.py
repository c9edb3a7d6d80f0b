"""Parts of this package that a project may leave out."""

from pathlib import Path


def has_part(name: str) -> bool:
    """Say whether a folder of this package is there; of one that was removed, compiled code may be left."""
    return (Path(__file__).parent / name / "__init__.py").is_file()
