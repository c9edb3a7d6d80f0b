"""The section ``agentic.safety``."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from ...config import ConfigModel
from .patterns import compile_pattern

Answer = Literal["allow", "ask", "deny"]


class RuleConfig(ConfigModel):
    """What holds for some calls in place of what their tool's effect says. Untrusted text is looked at all the same."""

    tool: str = Field(description="Name of a tool, or a pattern such as http_*")
    arguments: dict[str, str] = Field(
        default_factory=dict, description="Patterns by argument, such as path: reports/*; all must match"
    )
    answer: Answer = Field(description="Whether such calls are made")
    reason: str = Field(default="", description="Told to the agent, and to the person who is asked")


class SafetyConfig(ConfigModel):
    """What agents may do, by the effect of a tool, and when a person is asked."""

    read: Answer = Field(default="allow", description="Tools that only look")
    write: Answer = Field(default="allow", description="Tools that change files, runs or models of the project")
    external: Answer = Field(default="ask", description="Tools that reach another system")
    spend: Answer = Field(default="ask", description="Tools that cost money")
    tainted: Answer = Field(default="ask", description="Tools with an effect, called after untrusted text was read")
    rules: list[RuleConfig] = Field(default_factory=list, description="Exceptions; the first that fits a call holds")
    denied_tools: list[str] = Field(default_factory=list, description="Tools that nobody may use; patterns too")
    forbidden: list[str] = Field(
        default_factory=list, description="Regular expressions of what no task may ask for, case ignored"
    )
    grants: bool = Field(default=True, description="Whether a task may bring approvals of its own, given beforehand")
    approval_seconds: float = Field(default=3_600, gt=0, description="How long an approval is waited for")
    secrets: bool = Field(default=True, description="Whether secrets are masked in what models and people read")
    personal_data: Literal["allow", "mask"] = Field(
        default="mask", description="Personal data with a form, such as addresses and account numbers"
    )
    audit: Literal["off", "effects", "all"] = Field(
        default="effects", description="Which calls the audit log holds: those with an effect, or those that read too"
    )
    audit_key: SecretStr = Field(
        default=SecretStr(""), description="Key of the audit log's digests; without it whoever may write can forge"
    )

    @field_validator("forbidden")
    @classmethod
    def _are_patterns(cls, patterns: list[str]) -> list[str]:
        for one in patterns:
            compile_pattern(one)
        return patterns
