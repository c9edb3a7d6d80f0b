"""What can go wrong with reports."""

from ..errors import ProjectError


class ReportError(ProjectError):
    """A report that can't be made of what it was given, or can't be written."""
