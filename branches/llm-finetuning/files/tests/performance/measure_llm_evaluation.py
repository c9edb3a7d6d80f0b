"""How fast answers are scored, beside sacrebleu and rouge-score called pair by pair."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, run

PAIRS = 10_000
WORDS = 30  # of an answer, on average
MOST_SECONDS = 10

_MAKE = """
import random, sys, time
from pathlib import Path
draw = random.Random(0)
words = ["".join(draw.choices("abcdefghijklmnoprstuvw", k=draw.randint(2, 9))) for _ in range(5000)]
expected = [" ".join(draw.choices(words, k=draw.randint(1, 2 * WORDS))) + "." for _ in range(PAIRS)]
answers = [" ".join(w for w in text.split() if draw.random() < 0.8) for text in expected]
"""
_OURS = """
import sacrebleu
from PACKAGE.llm.evaluation.config import EvaluationConfig
from PACKAGE.llm.data.examples import Example, Message
from PACKAGE.llm.evaluation.assessing import score_examples
from PACKAGE.llm.evaluation.estimates import Label
from PACKAGE.llm.evaluation.measures import TEXT_METRICS
from PACKAGE.llm.evaluation.records import examples_of
rows = [Example((Message("user", str(n)), Message("assistant", text))) for n, text in enumerate(expected)]
started = time.perf_counter()
each = {name: list(metric.function(answers, rows)) for name, metric in TEXT_METRICS.items()}
examples = examples_of(rows, answers, each, [(1.0, 1)] * len(rows))
labels = {name: Label(metric.label) for name, metric in TEXT_METRICS.items()}
found = score_examples(examples, labels, EvaluationConfig())
seconds = time.perf_counter() - started
assert all(score.low < score.value < score.high for score in found.values() if score.value not in (0, 1))
Path(sys.argv[1]).write_text(str(seconds))
"""
_CONTRAST = """
from PACKAGE.llm.evaluation.config import EvaluationConfig
from PACKAGE.llm.evaluation.comparing import Measure, compare_examples
from PACKAGE.llm.evaluation.measures import TEXT_METRICS
from PACKAGE.llm.evaluation.pairing import Shared
from PACKAGE.llm.evaluation.records import Example
sides = [
    tuple(
        Example(
            question=str(n), expected=text, answer=said, nats=1 + draw.random(), tokens=2,
            scores={name: draw.random() for name in TEXT_METRICS},
        )
        for n, (said, text) in enumerate(zip(texts, expected))
    )
    for texts in (answers, expected)
]
measures = [Measure(name, one.label, True) for name, one in TEXT_METRICS.items()]
started = time.perf_counter()
compare_examples(Shared(*sides, (0, 0)), [*measures, Measure("eval_loss", "Eval loss", False)], EvaluationConfig())
Path(sys.argv[1]).write_text(str(time.perf_counter() - started))
"""
_LIBRARIES = """
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
started = time.perf_counter()
bleu, rouge = BLEU(effective_order=True), RougeScorer(["rouge1", "rouge2", "rougeL"])
for answer, text in zip(answers, expected):
    bleu.sentence_score(answer, [text])
    rouge.score(text, answer)
Path(sys.argv[1]).write_text(str(time.perf_counter() - started))
"""


def measure(_options: Namespace, package: str) -> list[Figure]:
    """Time all lexical metrics with their intervals, and BLEU and ROUGE alone without any, and two models compared."""
    with tempfile.TemporaryDirectory() as name:
        folder, seconds = Path(name), []
        made = _MAKE.replace("PAIRS", str(PAIRS)).replace("WORDS", str(WORDS))
        for code in (_OURS.replace("PACKAGE", package), _LIBRARIES, _CONTRAST.replace("PACKAGE", package)):
            run([sys.executable, "-c", made + code, folder / "found"], folder)
            seconds.append(float((folder / "found").read_text(encoding="utf-8")))
    ours, libraries, contrast = seconds
    return [
        Figure("llm: 10,000 answers by all lexical metrics", ours, "s", bare=libraries, target=MOST_SECONDS),
        Figure("llm: two models compared on 10,000 answers", contrast, "s", target=MOST_SECONDS),
    ]
