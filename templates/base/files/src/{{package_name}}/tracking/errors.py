"""What can go wrong with runs and the registry."""

from __future__ import annotations

from ..errors import ProjectError


class TrackingError(ProjectError):
    """A store of runs can't be reached, or does not have what is asked for."""
