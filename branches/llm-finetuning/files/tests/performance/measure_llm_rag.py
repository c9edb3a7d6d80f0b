"""How long it takes to index and to search 100,000 passages, all of which are compared with the question."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, run

PASSAGES = 100_000
MOST_MILLISECONDS = 200

_CODE = """
import json, random, statistics, sys, time
from pathlib import Path
import numpy as np
from PACKAGE.llm.config import DataConfig
from PACKAGE.llm.rag.config import RagConfig
from PACKAGE.llm.rag.indexing import update_documents, update_vectors
from PACKAGE.llm.rag.retrieval import Retriever
from PACKAGE.llm.rag.store import PassageStore

draw, folder = random.Random(0), Path(sys.argv[1])
words = ["".join(draw.choices("abcdefghijklmnoprstuvw", k=draw.randint(2, 9))) for _ in range(50_000)]
likely = [1 / (rank + 10) for rank in range(len(words))]
(folder / "documents").mkdir()
for number in range(PASSAGES // 50):
    parts = [" ".join(draw.choices(words, likely, k=30)).capitalize() + "." for _ in range(50)]
    (folder / "documents" / f"{number}.md").write_text("# Document %d\\n\\n" % number + "\\n\\n".join(parts) + "\\n")

class Embedder:
    def embed(self, texts):
        random = np.random.default_rng(len(texts))
        vectors = random.normal(size=(len(texts), 384)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

def timed(work):
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found

figures = {}
with PassageStore(folder / "index.db") as store:
    figures["build"], done = timed(lambda: update_documents(store, folder / "documents", DataConfig()))
    figures["check"], again = timed(lambda: update_documents(store, folder / "documents", DataConfig()))
    assert (done.new, again.kept) == (PASSAGES // 50, PASSAGES // 50)
    update_vectors(store, Embedder(), "random", done)
    assert store.counts()["vectors"] == PASSAGES
    for method in ("bm25", "hybrid"):
        retriever = Retriever(store, RagConfig(method=method), Embedder())
        figures[f"{method} first"], _ = timed(lambda: retriever.search(["first"], 10))
        asked = [" ".join(draw.choices(words, likely, k=8)) for _ in range(50)]
        figures[method] = statistics.median(timed(lambda: retriever.search([text], 10))[0] for text in asked)
figures["megabytes"] = (folder / "index.db").stat().st_size / 1e6
(folder / "found").write_text(json.dumps(figures))
"""


def measure(_options: Namespace, package: str) -> list[Figure]:
    """Time the index of documents that were made up, with vectors at random: embedding depends on the model alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = _CODE.replace("PACKAGE", package).replace("PASSAGES", str(PASSAGES))
        run([sys.executable, "-c", code, folder], folder)
        found = json.loads((folder / "found").read_text(encoding="utf-8"))
    told = f"llm: {PASSAGES:,} passages"
    return [
        Figure(f"{told} indexed by their words", found["build"], "s"),
        Figure(f"{told} found unchanged", found["check"], "s"),
        Figure(f"{told} searched by words", 1000 * found["bm25"], "ms", target=MOST_MILLISECONDS),
        Figure(f"{told} searched by both", 1000 * found["hybrid"], "ms", target=MOST_MILLISECONDS),
        Figure(f"{told} opened and searched by both", found["hybrid first"], "s"),
        Figure(f"{told} on disk, with vectors", found["megabytes"], "MB"),
    ]
