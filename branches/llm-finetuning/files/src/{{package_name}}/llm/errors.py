"""Errors of the fine-tuning pipeline that a person can act on."""

from ..errors import ProjectError


class DataError(ProjectError):
    """The documents, or the pairs made of them, cannot be trained on."""


class ModelError(ProjectError):
    """A model cannot be loaded, trained or asked."""


class CheckpointError(ProjectError):
    """A checkpoint that can't be saved, found or trusted."""
