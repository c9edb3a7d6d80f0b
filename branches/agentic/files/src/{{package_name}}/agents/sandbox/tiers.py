"""The ways to isolate a process, from none to the best, and which of them work on this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import get_args

from .records import SandboxError, SandboxSettings, Tier

# Each is at least as strong as those before it.
STRENGTH: dict[Tier, int] = {"none": 0, "limits": 1, "kernel": 2, "namespaces": 3, "container": 3}
_TRIAL = "6 * 7 == 42"
_BEST_FIRST: tuple[Tier, ...] = ("namespaces", "kernel", "limits", "none")


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a tier works here.

    Attributes
    ----------
    reason
        Why it does not; empty if it does.
    """

    tier: Tier
    reason: str = ""

    @property
    def works(self) -> bool:
        """Whether code can be run at this tier."""
        return not self.reason


def probe_all(settings: SandboxSettings) -> list[Probe]:
    """Try every tier that is not `none`, weakest first."""
    return [probe(tier, settings) for tier in get_args(Tier) if tier != "none"]


def probe(tier: Tier, settings: SandboxSettings) -> Probe:
    """Try a tier by running code in it; tried once in the life of this process."""
    return _probe(tier, settings.container_engine, settings.container_image)


def choose(settings: SandboxSettings) -> Tier:
    """Give the tier that the settings name, or the best one that works.

    Raises
    ------
    SandboxError
        If it does not work here, or is weaker than the least that the settings ask for. It is never lowered in silence.
    """
    least = STRENGTH[settings.min_isolation]
    if settings.tier != "auto":
        if STRENGTH[settings.tier] < least:
            raise SandboxError(
                f"agentic.sandbox.tier {settings.tier} isolates less than agentic.tools.min_isolation "
                f"{settings.min_isolation} asks for",
                hint="set the tier to auto, or lower min_isolation if the code is yours",
            )
        one = Probe("none") if settings.tier == "none" else probe(settings.tier, settings)
        if not one.works:
            raise SandboxError(f"code can't be run at the tier {one.tier}: {one.reason}", hint=_advice([one]))
        return one.tier
    tried = [probe(tier, settings) for tier in _BEST_FIRST if STRENGTH[tier] >= max(1, least)]
    for one in tried:
        if one.works:
            return one.tier
    if not least:
        return "none"
    reasons = "; ".join(f"{one.tier}: {one.reason}" for one in tried)
    message = f"this machine can't isolate code as agentic.tools.min_isolation {settings.min_isolation} asks for"
    raise SandboxError(f"{message}: {reasons}", hint=_advice(tried))


def _advice(tried: Sequence[Probe]) -> str:
    if any(one.tier == "namespaces" for one in tried) and sys.platform == "linux" and not shutil.which("bwrap"):
        return "install bubblewrap, or see what works with `agents sandbox probe`"
    return "see what works with `agents sandbox probe`"


@cache
def _probe(tier: Tier, engine: str, image: str) -> Probe:
    from .process import run_at

    settings = SandboxSettings(timeout=60, tier=tier, container_engine=engine, container_image=image)
    try:
        result = run_at(tier, _TRIAL, {}, settings)
    except SandboxError as error:
        return Probe(tier, error.message)
    return Probe(tier, "" if result.value is True else result.error or "code did not run")
