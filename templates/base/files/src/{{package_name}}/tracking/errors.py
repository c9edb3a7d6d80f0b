"""What can go wrong with runs and the registry."""

from __future__ import annotations

from ..errors import ProjectError


class TrackingError(ProjectError):
    """A store of runs can't be reached, or does not have what is asked for."""


class LockedError(TrackingError):
    """Another process decides about a model, and does not end."""

    def __init__(self, model: str, waited: float) -> None:
        super().__init__(
            f"another promotion of {model} did not end within {waited:.0f} s", hint="wait for it, or end it"
        )
