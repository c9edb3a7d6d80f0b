"""The data pipeline beside polars that only reads the same CSV and writes it as Parquet."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, interleaved, run

MOST_TIME = 2.0
MOST_MEMORY = 1_500.0


def measure(options: Namespace, package: str) -> list[Figure]:
    """Time both on `options.rows` rows of 20 columns. The faster way of polars counts."""
    with tempfile.TemporaryDirectory(prefix="performance-", dir=options.scratch) as scratch:
        folder = Path(scratch)
        here = Path(__file__).parent
        alone: list[str | Path] = [sys.executable, here / "pipeline_bare.py"]
        run([*alone, "make", folder, str(options.rows)], folder)
        commands: dict[str, list[str | Path]] = {step: [*alone, step, folder] for step in ("eager", "streaming")}
        commands["clean"] = [sys.executable, here / "pipeline_clean.py", folder]
        commands["whole"] = [sys.executable, "-m", package, "data", "run"]
        taken = interleaved(commands, folder, options.rounds)
    bare = min(taken["eager"].seconds, taken["streaming"].seconds)
    size = f"{options.rows / 1e6:g} M rows of CSV"
    cleaned, all_of_it = taken["clean"], taken["whole"]
    return [
        Figure(f"check, clean, write {size}", cleaned.seconds, "s", bare, MOST_TIME, relative=True),
        Figure("  memory", cleaned.mebibytes, "MiB", target=MOST_MEMORY),
        Figure("data run: also hash, split, verify", all_of_it.seconds, "s", bare),
        Figure("  memory", all_of_it.mebibytes, "MiB", target=MOST_MEMORY),
    ]
