"""Programs that run beside this one, with what they say last if they fail."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from ..errors import ModelError

_LINES = 3  # of an error's end that are shown
# What would have another Python look for modules of this one.
_OWN = frozenset({"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"})


def run_program(command: Sequence[str], name: str, hint: str) -> None:
    """Run a program to its end.

    Raises
    ------
    ModelError
        If it can't be started, or fails.
    """
    try:
        code, said = asyncio.run(_run(command))
    except OSError as error:
        raise ModelError(f"{name} can't be started: {error}", hint=hint) from error
    if code:
        lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
        raise ModelError(f"{name} fails: {'; '.join(lines[-_LINES:]) or f'it ended with {code}'}", hint=hint)


async def _run(command: Sequence[str]) -> tuple[int, str]:
    surroundings = {name: value for name, value in os.environ.items() if name not in _OWN}
    both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(*command, stdout=both[0], stderr=both[1], env=surroundings)
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")
