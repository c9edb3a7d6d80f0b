"""What can be wrong with data."""

from __future__ import annotations

from ..errors import ProjectError


class DataError(ProjectError):
    """Data that can't be read, or is not what its configuration says."""
