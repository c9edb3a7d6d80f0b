"""Errors of the fine-tuning pipeline that a person can act on."""

from ..errors import ProjectError


class DataError(ProjectError):
    """What rows are made of, or the rows, cannot be trained on."""


class TooFewRowsError(DataError):
    """There are not rows enough for a split."""


class ModelError(ProjectError):
    """A model cannot be loaded, trained or asked."""


class CheckpointError(ProjectError):
    """A checkpoint that can't be saved, found or trusted."""
