"""How fast documents become pairs with scores, and how long a million of them take to compare."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, run

DOCUMENTS = 2_500
CHUNKS = 10_000
PAIRS = 1_000_000
FEWEST_A_SECOND = 2_000
MOST_SECONDS = 60
MOST_MEBIBYTES = 2_048

_RULES = """
import sys, time
from pathlib import Path
from PACKAGE.llm.pipeline import prepare
started = time.perf_counter()
prepared = prepare(Path(sys.argv[1]))
seconds = time.perf_counter() - started
Path(sys.argv[2]).write_text(f"{len(prepared.chunks)} {len(prepared.pairs)} {seconds}")
"""
_COMPARE = """
import sys, time
from pathlib import Path
import numpy as np
from PACKAGE.llm.data.duplicates import near_duplicates
draw = np.random.default_rng(0)
parts = (("b", "d", "f", "g", "k", "l"), ("a", "e", "i", "o", "u"), ("r", "s", "l", "m", "n"), ("t", "ka", ""))
words = np.array(["".join(draw.choice(part) for part in parts) for _ in range(2000)])
count = int(sys.argv[1])
texts = [" ".join(row) for row in words[draw.integers(0, len(words), (count, 14))].tolist()]
for index in range(0, count, 100):
    texts[index] = f"{texts[index + 1]} too"
started = time.perf_counter()
matches = near_duplicates(texts)
Path(sys.argv[2]).write_text(f"{len(matches)} {time.perf_counter() - started}")
"""
_FACTS = """# Store {name}

The floor area of store {name} is {area} square metres. It was opened in {year}. The key is kept in Room {name}.

The colour of the door is dark green. The store lies at Berth {name}. It holds {load} tonnes.

- Height: {height} metres
- Lamps: {lamps}

Store {name} has {doors} doors. The roof was repaired on 3 May {year}. A gate opens at 06:30.
"""


def measure(_options: Namespace, package: str) -> list[Figure]:
    """Time what processes do, without their start and the making of texts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_documents(folder / "documents")
        found = folder / "found"
        run([sys.executable, "-c", _RULES.replace("PACKAGE", package), folder / "documents", found], folder)
        chunks, pairs, seconds = map(float, found.read_text(encoding="utf-8").split())
        if chunks < CHUNKS:
            sys.exit(f"{chunks:.0f} chunks are fewer than {CHUNKS}")
        usage = run([sys.executable, "-c", _COMPARE.replace("PACKAGE", package), str(PAIRS), found], folder)
        matches, taken = map(float, found.read_text(encoding="utf-8").split())
        if matches < PAIRS // 100 * 0.99:
            sys.exit(f"of {PAIRS // 100} near-duplicates only {matches:.0f} were found")
    return [
        Figure("llm: pairs by rules, with scores", pairs / seconds, "pairs/s", target=FEWEST_A_SECOND, better="above"),
        Figure("llm: near-duplicates of 1 M pairs", taken, "s", target=MOST_SECONDS),
        Figure("  memory", usage.mebibytes, "MiB", target=MOST_MEBIBYTES),
    ]


def _write_documents(folder: Path) -> None:
    folder.mkdir()
    for index in range(DOCUMENTS):
        facts = {"area": 100 + index % 900, "year": 1900 + index % 120, "load": 10 + index % 70, "lamps": index % 50}
        text = _FACTS.format(name=index, height=3 + index % 9, doors=2 + index % 7, **facts)
        (folder / f"store-{index}.md").write_text(text, encoding="utf-8")
