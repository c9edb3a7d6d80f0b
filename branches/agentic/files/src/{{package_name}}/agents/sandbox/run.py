"""Run code that nobody vetted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .imports import refuse_imports
from .process import run_at
from .records import SandboxResult, SandboxSettings
from .tiers import choose

if TYPE_CHECKING:
    import pyarrow as pa


def run_code(
    code: str,
    *,
    frames: Mapping[str, pa.Table] | None = None,
    settings: SandboxSettings | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SandboxResult:
    r"""Run Python in a process of its own, as well isolated as this machine can.

    The code finds data frames in the dictionary `frames`, as pandas' where it may import pandas, else as Arrow tables.
    What it puts in there, the value of its last expression, the figures that it leaves open, and what it prints come
    back. An error in it, a limit that it reaches, or an import that is not allowed is told in the result.

    Parameters
    ----------
    cancelled
        Asked many times a second; where it says so, the code is killed.

    Raises
    ------
    SandboxError
        If this machine can't isolate code as well as the settings ask for.

    Examples
    --------
    >>> run_code("total = sum(range(5))\ntotal").value
    10
    """
    settings = settings or SandboxSettings()
    tier = choose(settings)
    try:
        refused = refuse_imports(code, settings.allowed_imports)
    except (SyntaxError, ValueError, RecursionError) as error:
        refused = f"{type(error).__name__}: {error}"
    if refused:
        return SandboxResult(tier, "refused", error=refused)
    return run_at(tier, code, frames or {}, settings, cancelled=cancelled)
