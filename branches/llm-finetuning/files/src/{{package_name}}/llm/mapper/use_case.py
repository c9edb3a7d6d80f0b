"""The mapper, as training, evaluation and the demo see it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ..config import LLMConfig
from ..console import console
from ..data.examples import Example, Row
from ..data.splits import Splits
from ..errors import DataError
from ..use_case import Table, Wording, responses_of
from .config import read_mapper_config
from .taxonomy import KNOWN, UNCALIBRATED, Taxonomy, answer_of, parse_answer, read_taxonomy
from .texts import write_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from ...models.metrics import Predictions
    from ...tracking.responses import Response

    Model = PreTrainedModel | PeftModel

USAGE = """\
from {package}.llm.mapper.mapping import Mapper

print(Mapper.open({checkpoint}).map({question}))"""


@dataclass(frozen=True)
class Texts:
    """A taxonomy, and how texts are written from it."""

    taxonomy: Taxonomy
    config: LLMConfig
    size: int
    mixed: float
    source: Path

    @property
    def skipped(self) -> dict[str, str]:
        """Nothing: there is one file, and it is valid."""
        return {}

    def tell(self) -> None:
        """Say what was read."""
        codes = self.taxonomy.codes
        aliases = sum(len(self.taxonomy.categories[code].aliases) for code in codes)
        console.print(f"{len(codes)} categories, {aliases} aliases, {len(self.taxonomy.frames)} frames")

    def split(self, *, seed: int) -> Splits[Example]:
        """Write texts, with aliases and frames of its own for each split."""
        return write_texts(self.taxonomy, self.config, size=self.size, mixed=self.mixed, seed=seed)

    def rows(self, *, seed: int) -> list[Row]:
        """Give the texts of all splits."""
        return [row for rows in self.split(seed=seed).values() for row in rows]

    def facts(self) -> dict[str, Any]:
        """Say for the card of a dataset what its texts were made of."""
        digest = hashlib.sha256(self.source.read_bytes()).hexdigest()
        data = self.config.data.model_dump(mode="json", include={"validation", "test"})
        return {"source": {"taxonomy": digest}, "settings": {"data": data, "size": self.size, "mixed": self.mixed}}


@dataclass(frozen=True)
class Evaluation:
    """Scores of a model on texts.

    Attributes
    ----------
    each : mapping of str to tuple of float
        ``accuracy``: whether the likeliest category is right; ``valid_json``: whether what the model writes freely is.
    macro_f1 : float
        Of the likeliest category.
    losses : tuple of (float, int)
        Negative log likelihood of each expected answer in nats, and its tokens.
    answers : tuple of str
        What it writes freely.
    found : Predictions
        The likeliest category of each text, and the right one, by their places among the codes.
    confidence : ndarray of shape (n_texts,)
        How likely the likeliest category is.
    codes : tuple of str
        The categories that it was asked among.
    threshold : float
        From which confidence on its answer is taken.
    samples : int
        Draws of the bootstrap intervals.
    """

    each: Mapping[str, tuple[float, ...]]
    macro_f1: float
    losses: tuple[tuple[float, int], ...]
    answers: tuple[str, ...]
    found: Predictions
    confidence: NDArray[np.float64]
    codes: tuple[str, ...]
    threshold: float
    samples: int

    def responses(self, rows: Sequence[Row], variant: str = "") -> list[Response]:
        """Give each prompt with the answer to it, for the run in which it was asked."""
        return responses_of(rows, self.answers, variant, {"exact_match": lambda said, right: float(said == right)})

    def scores(self) -> dict[str, float]:
        """Give the scores by name."""
        from ..evaluation.evaluator import nats_a_token

        return {
            "accuracy": fmean(self.each["accuracy"]),
            "macro_f1": self.macro_f1,
            "valid_json": fmean(self.each["valid_json"]),
            "eval_loss": nats_a_token(self.losses),
        }

    def tables(self, rows: Sequence[Row]) -> list[Table]:
        """Show how well the model does for each category, and how many of its answers are taken how surely."""
        from .metrics import class_table, coverage_table

        return [
            class_table(self.codes, self.found, [row.document for row in rows], samples=self.samples),
            coverage_table(self.confidence, self.found.truth == self.found.predicted, self.threshold),
        ]


class UseCase:
    """Texts that are written from a taxonomy; a model answers with the category, as JSON."""

    name = "mapper"
    wording = Wording(
        row="text",
        group="phrase",
        measures={"accuracy": "Accuracy", "macro_f1": "Macro F1", "valid_json": "Valid JSON"},
        dataset="texts",
        usage=USAGE,
    )

    def __init__(self, config: LLMConfig) -> None:
        self.config = config
        self.settings = read_mapper_config(config.use_case.settings)

    @property
    def source(self) -> Path:
        """The taxonomy."""
        return self.settings.taxonomy

    def prepare(self, source: Path) -> Texts:
        """Read a taxonomy."""
        return self._texts(source, self.settings.size)

    def generate(self, size: int, seed: int) -> Splits[Example]:
        """Write so many texts.

        Raises
        ------
        DataError
            If the taxonomy doesn't give so many.
        """
        return self._texts(self.source, size).split(seed=seed)

    def _texts(self, source: Path, size: int) -> Texts:
        return Texts(read_taxonomy(source), self.config, size, self.settings.mixed, source)

    def check(self, rows: Iterable[Row]) -> dict[str, Any]:
        """Name the categories that the rows have.

        Raises
        ------
        DataError
            If there is no row, or one is not the mapper's.
        """
        return {KNOWN: {"threshold": UNCALIBRATED, "categories": categories_of(rows)[0]}}

    def evaluate(
        self, model: Model, tokenizer: PreTrainedTokenizerBase, facts: Mapping[str, Any], rows: Sequence[Row]
    ) -> Evaluation:
        """Ask for the category of every text, among all that the model knows, and not only those that the rows have.

        Raises
        ------
        DataError
            If there is no row, or one is not the mapper's.
        """
        from ..evaluation.evaluator import LLMEvaluator
        from .asking import ask, write
        from .metrics import macro_f1, predictions

        codes, expected = _known_and_expected(facts, rows)
        evaluator = LLMEvaluator.from_config(self.config.evaluation)
        texts = [row.question for row in rows]
        shares = ask(model, tokenizer, texts, codes, batch_size=evaluator.batch_size)
        answers = write(model, tokenizer, texts, codes, batch_size=evaluator.batch_size)
        found = predictions(codes, expected, [codes[best] for best in shares.argmax(axis=1)])
        right = (found.truth == found.predicted).astype(float).tolist()
        valid = [float(parse_answer(answer, codes)[0] is not None) for answer in answers]
        return Evaluation(
            each={"accuracy": tuple(right), "valid_json": tuple(valid)},
            macro_f1=macro_f1(len(codes), found),
            losses=evaluator.losses(model, tokenizer, rows),
            answers=tuple(answers),
            found=found,
            confidence=shares.max(axis=1),
            codes=tuple(codes),
            threshold=facts.get(KNOWN, {}).get("threshold", UNCALIBRATED),
            samples=self.settings.samples,
        )

    def finish(
        self, model: Model, tokenizer: PreTrainedTokenizerBase, splits: Mapping[str, Sequence[Row]]
    ) -> dict[str, Any]:
        """Name the categories that the model learned, and find the threshold from which on it decides."""
        from .asking import ask
        from .metrics import calibrate

        if not splits:
            tell_uncalibrated(0, self.settings.least_texts)
            return {KNOWN: {"threshold": UNCALIBRATED, "categories": []}}
        codes, _ = categories_of([row for rows in splits.values() for row in rows])
        threshold, held_out = UNCALIBRATED, splits.get("validation", ())
        if len(held_out) < self.settings.least_texts:
            tell_uncalibrated(len(held_out), self.settings.least_texts)
        else:
            _, expected = categories_of(held_out)
            texts, size = [row.question for row in held_out], self.config.evaluation.batch_size
            shares = ask(model, tokenizer, texts, codes, batch_size=size)
            right = shares.argmax(axis=1) == [codes.index(code) for code in expected]
            threshold = calibrate(shares.max(axis=1), right, self.settings.least_accuracy)
        return {KNOWN: {"threshold": threshold, "categories": codes}}


def tell_uncalibrated(texts: int, least: int) -> None:
    """Say that nothing tells from which confidence on the model is right often enough."""
    console.print(
        f"{texts} validation texts are too few to find a threshold of confidence with, {least} are needed: "
        f"the model's answer is taken from {UNCALIBRATED} on",
        soft_wrap=True,
    )


def _known_and_expected(facts: Mapping[str, Any], rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Give the categories that a model may answer, those of the rows among them, and that of each row."""
    found, expected = categories_of(rows)
    return sorted({*facts.get(KNOWN, {}).get("categories", ()), *found}), expected


def categories_of(rows: Iterable[Row]) -> tuple[list[str], list[str]]:
    """Give all categories of rows, and that of each.

    Raises
    ------
    DataError
        If there is no row, or the answer of one is no category.
    """
    expected = []
    for row in rows:
        category, _ = parse_answer(row.answer)
        if category is None:
            raise DataError(
                f"the answer of the row {row.question!r} is {row.answer!r}, which is no category as JSON",
                hint=f"every answer must be as {answer_of('code')}",
            )
        expected.append(category)
    if not expected:
        raise DataError("there are no texts with a category", hint="give a split that holds some")
    return sorted(set(expected)), expected
