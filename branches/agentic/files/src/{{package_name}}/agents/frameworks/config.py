"""The section ``agentic.frameworks``."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from ...config import ConfigModel

FrameworkName = Literal["langgraph", "autogen", "ag2", "agent_framework", "crewai", "semantic_kernel"]
PackageName = Literal[FrameworkName, "guidance", "agentdojo"]
LANGGRAPH: Final = "langgraph"


class FrameworksConfig(ConfigModel):
    """Frameworks beside LangGraph: each runs in a process of its own, and asks the project for models and tools."""

    folder: str = Field(default="data/agents/frameworks", description="Where environments of frameworks are made")
    patience: float = Field(default=300, gt=0, description="Seconds that one may take to start, and between questions")
    packages: Mapping[PackageName, tuple[str, ...]] = Field(
        default={
            "autogen": ("autogen-agentchat==0.7.5",),
            "ag2": ("ag2==1.2.1",),
            "agent_framework": ("agent-framework-core==1.23.0",),
            "crewai": ("crewai==1.15.30",),
            "semantic_kernel": ("semantic-kernel==1.45.0",),
            "guidance": ("guidance==0.3.1", "torch", "transformers<5"),
            "agentdojo": ("agentdojo==0.1.35",),
        },
        description="What `agents frameworks install` installs, in the form of pip",
    )
