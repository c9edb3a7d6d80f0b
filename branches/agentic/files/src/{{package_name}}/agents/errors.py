"""Errors of agents."""

from ..errors import ProjectError


class AgentError(ProjectError):
    """Something that a person asked of agents, or set for them, that can't be done."""


class ToolError(AgentError):
    """A tool that could not do what it was called for. The model that called it is told the message and the hint."""


class VouchedError(ToolError):
    """A fault of which a tool's author vouches for each word, so that who is told it is not tainted.

    Beside what the author wrote it may hold arguments of the call, names of the configuration, and numbers: never what
    was read, such as data, files, names that others gave, or the message of another error.
    """


class ModelUnavailable(AgentError):
    """A language model that gave no answer: no key, a wrong key, no network, or too many requests."""
