"""Python that nobody vetted, run where it can do no harm.

One process a run: it starts with nothing of ours, gives up what the system lets it give up, runs the code and hands
over JSON, Arrow and PNG. How it is isolated is a tier: the best that works is taken, and below the least that the
configuration asks for nothing is run.
"""

from .records import SandboxError, SandboxResult, SandboxSettings
from .run import run_code

__all__ = ["SandboxError", "SandboxResult", "SandboxSettings", "run_code"]
