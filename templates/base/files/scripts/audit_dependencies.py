"""Ask the OSV database whether a dependency in `uv.lock` has a known vulnerability.

Usage: python scripts/audit_dependencies.py [ARGUMENT OF `uv audit`]...

Exits with 1 for a vulnerability. Where the database can't be reached nothing is known: that is said, and is no failure.
A vulnerability that does no harm here is left out by name: `make security-test ARGS="--ignore GHSA-..."`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

UNREACHABLE = ("error sending request", "request failed after", "dns error", "timed out", "connection refused")

_VULNERABLE = 1


def main(arguments: Sequence[str]) -> int:
    """Run the audit, and give the exit code."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        print("error: the audit is a part of uv, which is not installed", file=sys.stderr)
        print("hint: https://docs.astral.sh/uv", file=sys.stderr)
        return 1
    command = [uv, "audit", "--preview-features", "audit-command", "--locked", *arguments]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    said = f"{done.stdout}{done.stderr}"
    if done.returncode > _VULNERABLE and any(sign in said.lower() for sign in UNREACHABLE):
        print("NOT CHECKED: the database of vulnerabilities (osv.dev) can't be reached from here", file=sys.stderr)
        print(f"hint: run it again where it can\n{done.stderr.strip()}", file=sys.stderr)
        return 0
    print(said.strip(), file=sys.stderr if done.returncode else sys.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
