"""Errors of features."""

from ..errors import ProjectError


class FeatureError(ProjectError):
    """Something that a person asked of features, or defined, that can't be done."""


class DefinitionError(FeatureError):
    """A definition that contradicts itself, or names what is not there."""


class NotExpressible(FeatureError):
    """A definition that another system has no means for; the message names the feature and the means."""
