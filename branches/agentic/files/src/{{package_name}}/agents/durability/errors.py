"""Errors of what is kept of runs."""

from ..errors import AgentError


class DurabilityError(AgentError):
    """Runs that can't be kept, read or gone on with."""


class CheckpointError(DurabilityError):
    """A state that is no JSON, or a checkpoint that is damaged or of another version."""


class UnknownRunError(DurabilityError):
    """There is no such run."""


class ConflictError(DurabilityError):
    """What is asked for does not fit what is kept, such as a second answer to a question."""
