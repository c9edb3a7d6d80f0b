"""Build the documentation into site/, with all that it shows inside: it is read without a network."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DRAWING = ROOT / "docs" / "javascripts" / "mermaid"


def main() -> int:
    """Put the library that draws diagrams beside the pages, and build them. A warning is an error."""
    found = importlib.util.find_spec("nicegui")
    zensical = shutil.which("zensical", path=str(Path(sys.executable).parent))
    if found is None or found.origin is None or zensical is None:
        print("error: the tools for documentation are not installed\nhint: run `make docs`", file=sys.stderr)
        return 1
    library = Path(found.origin).parent / "elements" / "mermaid" / "dist"
    shutil.copytree(library, DRAWING, ignore=shutil.ignore_patterns("*.map"), dirs_exist_ok=True)
    command = [zensical, "build", "--clean", "--strict", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
