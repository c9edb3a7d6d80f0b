"""The section ``agentic.tools``."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from ...config import ConfigModel

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,19}$")]
Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
Isolation = Literal["none", "limits", "kernel", "namespaces"]


class ApiConfig(ConfigModel):
    """An API whose operations are tools."""

    openapi: Path = Field(description="Its OpenAPI description in the project, as JSON or YAML")
    base_url: str = Field(default="", description="Its address; the first server of the description if empty")
    headers: dict[str, SecretStr] = Field(default={}, description="Sent to it, such as Authorization: ${VAR}")
    operations: list[str] = Field(default=[], description="Those that agents may call, by operationId; all if empty")
    honours_key: bool = Field(default=False, description="Whether it does once what has one Idempotency-Key")


class McpServerConfig(ConfigModel):
    """A server of the Model Context Protocol whose tools agents may call."""

    command: list[str] = Field(default=[], description="The program to start, and its arguments; or else url")
    env: dict[str, SecretStr] = Field(default={}, description="Its variables; of ours it gets PATH and HOME alone")
    url: str = Field(default="", description="Where it is, if it runs already")
    headers: dict[str, SecretStr] = Field(default={}, description="Sent to that address, such as Authorization: ${VAR}")
    tools: list[str] = Field(default=[], description="Those that agents may call; all if empty")
    effect: Literal["read", "write", "external", "spend"] = Field(
        default="external", description="What a call does to the world, by which approvals are asked for"
    )
    honours_key: bool = Field(default=False, description="Whether a call may be made again after a crash")
    trust_descriptions: bool = Field(
        default=False, description="Whether what it says of its tools is vouched for; if not, who has them is tainted"
    )

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("a server has a command or a url, one of the two")
        return self


class A2aAgentConfig(ConfigModel):
    """An agent of another service, which is handed tasks by Agent2Agent."""

    url: str = Field(
        pattern="^https?://", description="Where it is; below it lies .well-known/agent-card.json, which is read first"
    )
    headers: dict[str, SecretStr] = Field(default={}, description="Sent to it, such as Authorization: ${VAR}")
    description: str = Field(default="", max_length=1_000, description="What it can do, for the models that call it")
    seconds: float = Field(default=300, gt=0, description="Seconds that a task may take there; then it is ended")


class ToolsConfig(ConfigModel):
    """Which tools there are, and their limits."""

    enable_code_execution: bool = Field(default=False, description="Whether agents may run Python that they write")
    sandbox_timeout: float = Field(default=30, gt=0, description="Seconds that such code may run")
    allowed_imports: list[str] = Field(
        default_factory=lambda: ["pandas", "numpy", "sklearn"], description="Packages that it may import"
    )
    min_isolation: Isolation = Field(default="kernel", description="Least isolation; below it code is refused")
    memory_mb: int = Field(default=1_024, ge=64, description="Memory that such code may use")
    work_folder: Path = Field(default=Path("data/agents/work"), description="Folder of the files that agents write")
    timeout: float = Field(default=120, gt=0, description="Seconds that a tool may take")
    max_output: int = Field(default=20_000, ge=200, description="Characters of a tool's output that a model is shown")
    max_arguments: int = Field(default=100_000, ge=100, description="Characters that the arguments of a call may have")
    max_rows: int = Field(default=200, ge=1, description="Most rows that a query gives")
    query_memory_mb: int = Field(default=512, ge=64, description="Memory that a query may use")
    query_seconds: float = Field(default=60, gt=0, description="Seconds that a query may take")
    work_mb: int = Field(default=200, ge=1, description="Megabytes that the files of one task may have")
    allowed_hosts: list[Host] = Field(
        default=[], description="Hosts that tools may ask over HTTP: api.example.org, *.example.org, localhost:8000"
    )
    private_hosts: list[Host] = Field(
        default=[], description="Those of them that may be at private addresses, and be asked without TLS"
    )
    http_seconds: float = Field(default=30, gt=0, description="Seconds that a request may take, with its redirects")
    http_bytes: int = Field(default=1_000_000, ge=1_000, description="Bytes of an answer that are read")
    apis: dict[Name, ApiConfig] = Field(default={}, description="APIs whose operations are tools, by name")
    mcp_key: SecretStr = Field(
        default=SecretStr(""), description="Key of those whom `agents mcp serve --http` offers our tools"
    )
    mcp_servers: dict[Name, McpServerConfig] = Field(
        default={}, description="Servers whose tools agents may call, by name"
    )
    a2a_agents: dict[Name, A2aAgentConfig] = Field(
        default={}, description="Agents of other services that ours may hand tasks to, by name"
    )
