"""Errors of agents."""

from ..errors import ProjectError


class AgentError(ProjectError):
    """Something that a person asked of agents, or set for them, that can't be done."""


class ToolError(AgentError):
    """A tool that could not do what it was called for. The model that called it is told the message and the hint."""


class ModelUnavailable(AgentError):
    """A language model that gave no answer: no key, a wrong key, no network, or too many requests."""
