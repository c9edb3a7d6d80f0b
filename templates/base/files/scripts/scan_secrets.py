"""Look for secrets in every file that git has or would add: tokens of known services, keys, passwords in text.

Usage: python scripts/scan_secrets.py [FOLDER]

Nothing is sent anywhere. A line that only looks like a secret is allowed by a comment at its end: `kingfisher:ignore`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

RULES = Path(__file__).with_name("secret_rules.yaml")
FOUND = {200, 205}  # the scanner's exit codes for findings, and for findings that are valid

_AT_ONCE = 500  # paths on one command line


class ScanError(Exception):
    """Why nothing could be scanned."""


def files(root: Path) -> list[str]:
    """List the files that git tracks or does not ignore.

    Raises
    ------
    ScanError
        If the folder is in no git repository.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise ScanError(f"git can't list the files of {root}: {listed.stderr.strip()}\nhint: git init")
    paths = {name for name in listed.stdout.split("\0") if name}
    return sorted(name for name in paths if (root / name).is_file())


def scan(root: Path, paths: list[str]) -> list[str]:
    """Name the place and the rule of each secret. The secret itself is not printed.

    Raises
    ------
    ScanError
        If the scanner fails.
    """
    found: dict[tuple[str, int], str] = {}
    for start in range(0, len(paths), _AT_ONCE):
        for finding in _run(root, paths[start : start + _AT_ONCE]):
            place = finding["finding"]["path"], finding["finding"]["line"]
            found.setdefault(place, finding["rule"]["name"])
    return [f"{path}:{line}: {rule}" for (path, line), rule in sorted(found.items())]


def _run(root: Path, paths: list[str]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "kingfisher", "scan", "--quiet", "--format", "json", "--redact"]
    command += ["--no-update-check", "--no-validate", "--max-file-size", "0", "--git-history", "none"]
    command += ["--rules-path", str(RULES), "--", *paths]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode and done.returncode not in FOUND:
        raise ScanError(f"the scanner failed with {done.returncode}: {done.stderr.strip()}\nhint: uv sync")
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return findings


def main(root: Path) -> int:
    """Print what was found, and give the exit code."""
    try:
        paths = files(root)
        found = scan(root, paths)
    except ScanError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if found:
        print("\n".join(found))
        hint = "take them out, and change them where they are valid; a false alarm gets the comment kingfisher:ignore"
        print(f"error: {len(found)} secrets in {len(paths)} files\nhint: {hint}", file=sys.stderr)
        return 1
    print(f"no secrets in {len(paths)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent))
