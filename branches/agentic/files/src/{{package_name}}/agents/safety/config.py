"""The section ``agentic.safety``."""

from typing import Literal

from pydantic import Field

from ...config import ConfigModel

Answer = Literal["allow", "ask", "deny"]


class SafetyConfig(ConfigModel):
    """What agents may do, by the effect of a tool, and when a person is asked."""

    read: Answer = Field(default="allow", description="Tools that only look")
    write: Answer = Field(default="allow", description="Tools that change files, runs or models of the project")
    external: Answer = Field(default="ask", description="Tools that reach another system")
    spend: Answer = Field(default="ask", description="Tools that cost money")
    tainted: Answer = Field(default="ask", description="Tools with an effect, called after untrusted text was read")
    approval_seconds: float = Field(default=3_600, gt=0, description="How long an approval is waited for")
    denied_tools: list[str] = Field(default_factory=list, description="Tools that nobody may use")
