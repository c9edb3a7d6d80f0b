"""Agents that work with tools, alone and together, within limits and under people's eyes."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agent_config import AgentConfig
    from .base import Agent
    from .coordination.auction import Auction
    from .coordination.ballots import tell_resolution
    from .coordination.calibration import Judgement, calibrate
    from .coordination.consensus import Resolution, Vote, VotingRules, decide
    from .coordination.debate import Debate
    from .coordination.discussion import Discussion
    from .coordination.group import Group
    from .coordination.group_config import GroupConfig
    from .coordination.handoff import HandOff
    from .coordination.parallel import ParallelMap
    from .coordination.pipeline import Pipeline
    from .coordination.poll import Poll
    from .coordination.team import Team
    from .coordination.voting import gather_votes
    from .errors import ToolError, VouchedError
    from .memory.opening import open_memory
    from .memory.records import Entry
    from .models.rules import Rule
    from .models.scripted import ScriptedModel
    from .opening import find_project, open_session
    from .reasoning import ReasoningAgent
    from .sandbox import SandboxResult, SandboxSettings, run_code
    from .session import ApprovalRequest, Decision, Project, Session
    from .tasks import Grant, Limits, Status, TaskResult, TaskSpec
    from .tool_calling import ToolAgent
    from .tools.registry import open_tools
    from .tools.spec import Effect, Tool, ToolContext, ToolOutput, tool

__all__ = [
    "Agent",
    "AgentConfig",
    "ApprovalRequest",
    "Auction",
    "Debate",
    "Decision",
    "Discussion",
    "Effect",
    "Entry",
    "Grant",
    "Group",
    "GroupConfig",
    "HandOff",
    "Judgement",
    "Limits",
    "ParallelMap",
    "Pipeline",
    "Poll",
    "Project",
    "ReasoningAgent",
    "Resolution",
    "Rule",
    "SandboxResult",
    "SandboxSettings",
    "ScriptedModel",
    "Session",
    "Status",
    "TaskResult",
    "TaskSpec",
    "Team",
    "Tool",
    "ToolAgent",
    "ToolContext",
    "ToolError",
    "ToolOutput",
    "Vote",
    "VotingRules",
    "VouchedError",
    "calibrate",
    "decide",
    "find_project",
    "gather_votes",
    "open_memory",
    "open_session",
    "open_tools",
    "run_code",
    "tell_resolution",
    "tool",
]

_HOMES = {
    "Agent": ".base",
    "AgentConfig": ".agent_config",
    "ApprovalRequest": ".session",
    "Auction": ".coordination.auction",
    "Debate": ".coordination.debate",
    "Decision": ".session",
    "Discussion": ".coordination.discussion",
    "Effect": ".tools.spec",
    "Entry": ".memory.records",
    "Grant": ".tasks",
    "Group": ".coordination.group",
    "GroupConfig": ".coordination.group_config",
    "HandOff": ".coordination.handoff",
    "Judgement": ".coordination.calibration",
    "Limits": ".tasks",
    "ParallelMap": ".coordination.parallel",
    "Pipeline": ".coordination.pipeline",
    "Poll": ".coordination.poll",
    "Project": ".session",
    "ReasoningAgent": ".reasoning",
    "Resolution": ".coordination.consensus",
    "Rule": ".models.rules",
    "SandboxResult": ".sandbox",
    "SandboxSettings": ".sandbox",
    "ScriptedModel": ".models.scripted",
    "Session": ".session",
    "Status": ".tasks",
    "TaskResult": ".tasks",
    "TaskSpec": ".tasks",
    "Team": ".coordination.team",
    "Tool": ".tools.spec",
    "ToolAgent": ".tool_calling",
    "ToolContext": ".tools.spec",
    "ToolError": ".errors",
    "ToolOutput": ".tools.spec",
    "Vote": ".coordination.consensus",
    "VotingRules": ".coordination.consensus",
    "VouchedError": ".errors",
    "calibrate": ".coordination.calibration",
    "decide": ".coordination.consensus",
    "find_project": ".opening",
    "gather_votes": ".coordination.voting",
    "open_memory": ".memory.opening",
    "open_session": ".opening",
    "open_tools": ".tools.registry",
    "run_code": ".sandbox",
    "tell_resolution": ".coordination.ballots",
    "tool": ".tools.spec",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: LangChain and its friends take a second to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
