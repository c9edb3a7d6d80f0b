"""How long the package takes to import, and the command line to say what it can do."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, interleaved

ROUNDS = 3  # times those of the other measurements, as these are short
MOST_IMPORT = 0.3
MOST_HELP = 0.5


def measure(options: Namespace, package: str) -> list[Figure]:
    """Time whole processes, the start of Python included."""
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "import": [sys.executable, "-c", f"import {package}"],
        "help": [sys.executable, "-m", package, "--help"],
    }
    with tempfile.TemporaryDirectory() as folder:
        taken = interleaved(commands, Path(folder), options.rounds * ROUNDS)
    bare = taken["python"].seconds
    return [
        Figure(f"import {package}", taken["import"].seconds, "s", bare, MOST_IMPORT),
        Figure("--help", taken["help"].seconds, "s", bare, MOST_HELP),
    ]
