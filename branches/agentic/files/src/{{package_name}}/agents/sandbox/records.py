"""What a run of code is allowed, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from ..errors import AgentError
from ..tools.config import Isolation
from .config import TierChoice

if TYPE_CHECKING:
    import pyarrow as pa

    from ..config import AgenticConfig

Ended = Literal["done", "raised", "refused", "timed_out", "killed"]
Tier = Literal["none", "limits", "kernel", "namespaces", "container"]


class SandboxError(AgentError):
    """A sandbox that this machine can't offer, or that is weaker than the configuration asks for."""


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """What code may use.

    Attributes
    ----------
    timeout
        Seconds on the clock.
    memory_mb
        Megabytes of address space, libraries among them.
    disk_mb, output_kb, result_mb
        Megabytes that it may write, kilobytes that it may print, megabytes of frames and plots that it may give.
    threads
        Threads that numerical libraries use.
    allowed_imports
        Packages beside the standard library that it may import; `*` for all. It is no boundary: it makes messages.
    min_isolation
        Least isolation; below it nothing is run.
    tier
        How it is isolated; `auto` is the best that works on this machine.
    """

    timeout: float = 30
    memory_mb: int = 1_024
    disk_mb: int = 64
    output_kb: int = 64
    result_mb: int = 64
    threads: int = 2
    allowed_imports: tuple[str, ...] = ("pandas", "numpy", "sklearn")
    min_isolation: Isolation = "kernel"
    tier: TierChoice = "auto"
    container_engine: str = ""
    container_image: str = ""

    @classmethod
    def of(cls, config: AgenticConfig) -> SandboxSettings:
        """Take them from the sections `tools` and `sandbox` of the configuration."""
        tools, sandbox = config.tools, config.sandbox
        return cls(
            timeout=tools.sandbox_timeout,
            memory_mb=tools.memory_mb,
            allowed_imports=tuple(tools.allowed_imports),
            min_isolation=tools.min_isolation,
            **sandbox.model_dump(),
        )


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What came of a run.

    Attributes
    ----------
    stdout, stderr
        What it printed, cut where it printed too much.
    value
        Value of the last statement, if that is an expression: JSON; its repr where it has no form in JSON.
    frames
        Data frames that the code put into `frames`, and `value` if its value is one. Nobody vouches for their content.
    plots
        Figures of matplotlib that it left open, as PNG.
    tier
        How it was isolated.
    seconds
        Time on the clock, the start of the process included.
    ended
        `done`, `raised` an error, `refused` before it ran, `timed_out`, or `killed` by a limit.
    error
        What went wrong; empty if nothing did.
    """

    tier: Tier
    ended: Ended
    seconds: float = 0
    stdout: str = ""
    stderr: str = ""
    value: JsonValue = None
    frames: Mapping[str, pa.Table] = field(default_factory=dict)
    plots: tuple[bytes, ...] = ()
    error: str = ""
