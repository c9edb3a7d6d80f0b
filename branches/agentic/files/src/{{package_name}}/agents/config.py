"""The configuration group ``agentic``: a file of ``conf/agentic`` for each section, such as ``agents.yaml``."""

from pydantic import Field

from ..config import ConfigModel
from .coordination.config import CoordinationConfig
from .durability.config import DurabilityConfig
from .evaluation.config import EvaluationConfig
from .frameworks.config import FrameworkName, FrameworksConfig
from .jobs.config import JobsConfig
from .memory.config import MemoryConfig
from .models.config import ModelsConfig
from .observability.config import ObservabilityConfig
from .safety.config import SafetyConfig
from .sandbox.config import SandboxConfig
from .tools.config import ToolsConfig


class BudgetConfig(ConfigModel):
    """What one task may use up; it ends with what it has by then. 0 is no limit."""

    steps: int = Field(default=50, ge=0, description="Calls of models and tools, those of all agents together")
    tokens: int = Field(default=200_000, ge=0, description="Tokens read and written by models")
    seconds: float = Field(default=600, ge=0, description="Time on the clock, waiting for people not counted")
    money: float = Field(default=1.0, ge=0, description="US dollars, by the price table of agentic.models")


class AgentsConfig(ConfigModel):
    """How agents think."""

    reasoning_model: str = Field(default="gpt-4", description="The model that plans and decides")
    tool_model: str = Field(default="", description="The model that calls tools; the reasoning model if empty")
    framework: FrameworkName = Field(default="langgraph", description="What leads agents from step to step")
    temperature: float = Field(default=0.1, ge=0, le=2, description="How much models vary their answers")
    max_iterations: int = Field(default=10, ge=1, description="Most answers that one agent asks of its model in a task")
    safety_checks: bool = Field(default=True, description="Whether filters, taint and approvals are in force")
    repeated_calls: int = Field(default=3, ge=2, description="Equal calls of a tool in a row that count as a loop")
    budget: BudgetConfig = BudgetConfig()
    workflow_budget: BudgetConfig = BudgetConfig(steps=500, tokens=2_000_000, seconds=3_600, money=5.0)


class AgenticConfig(ConfigModel):
    """Agents: their models, tools, memory, cooperation and limits."""

    agents: AgentsConfig = AgentsConfig()
    coordination: CoordinationConfig = CoordinationConfig()
    durability: DurabilityConfig = DurabilityConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    frameworks: FrameworksConfig = FrameworksConfig()
    jobs: JobsConfig = JobsConfig()
    memory: MemoryConfig = MemoryConfig()
    models: ModelsConfig = ModelsConfig()
    observability: ObservabilityConfig = ObservabilityConfig()
    safety: SafetyConfig = SafetyConfig()
    sandbox: SandboxConfig = SandboxConfig()
    tools: ToolsConfig = ToolsConfig()
