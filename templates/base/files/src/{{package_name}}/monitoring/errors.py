"""What can be wrong with watching a model."""

from __future__ import annotations

from ..errors import ProjectError


class MonitoringError(ProjectError):
    """A model that can't be watched, or an alert that can't be sent."""
