"""What the commands ``llm evaluate …`` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..options import read_settings

if TYPE_CHECKING:
    from .assessing import Assessor


def make_assessor(
    documents: Path | None, dataset: str | None, overrides: list[str] | None, env: str | None
) -> Assessor:
    """Give what asks and scores models, with the options in its settings."""
    settings = read_settings(documents, None, overrides, env)
    from ..use_case import open_use_case
    from .assessing import Assessor

    return Assessor(open_use_case(settings.config), settings, dataset, documents)
