"""Question answering, as training, evaluation and the demo see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import LLMConfig
from ..data.examples import Row
from ..data.pairs import Pair
from ..data.splits import Splits, split_rows
from ..errors import DataError
from ..pipeline import Prepared, prepare, spread
from ..use_case import Wording

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from ..evaluation.evaluator import Evaluation

    Model = PreTrainedModel | PeftModel

USAGE = """\
from {package}.llm import CheckpointManager
from {package}.llm.inference import generate

model, tokenizer, metadata = CheckpointManager().load_checkpoint({checkpoint})
context = {context}
question = {question}
print(generate(model, tokenizer, [(context, question)]))"""


class UseCase:
    """Pairs of a folder of documents; a model answers from the passage that it is shown."""

    name = "qa"
    wording = Wording(
        row="question",
        group="document",
        measures={"exact_match": "Exact match", "contains_answer": "Contains answer", "token_f1": "Token F1"},
        dataset="documents",
        usage=USAGE,
    )

    def __init__(self, config: LLMConfig) -> None:
        self.config = config

    @property
    def source(self) -> Path:
        """The folder of documents."""
        return self.config.data.documents

    def prepare(self, source: Path) -> Prepared:
        """Read documents, and make passages and pairs of them."""
        return prepare(source, self.config.data, self.config.quality)

    def generate(self, size: int, seed: int) -> Splits[Pair]:
        """Make pairs by rules, and split them; facts are asked a second time where asking once gives too few.

        Raises
        ------
        DataError
            If the documents don't give so many.
        """
        prepared = self.prepare(self.source)
        if len(prepared.pairs) < size:
            twice = self.config.data.model_copy(update={"questions_per_fact": 2})
            prepared = prepare(self.source, twice, self.config.quality)
        if len(prepared.pairs) < size:
            raise DataError(
                f"{len(prepared.folder.documents)} documents give {len(prepared.pairs)} pairs, fewer than {size}",
                hint="add documents, or ask for a smaller size",
            )
        chosen = [prepared.pairs[index] for index in spread(prepared.pairs, size)]
        return split_rows(chosen, self.config.data, seed=seed, similarity=self.config.quality.similarity)

    def check(self, rows: Iterable[Row]) -> dict[str, Any]:
        """Take all: any text is an answer."""
        return {}

    def evaluate(
        self, model: Model, tokenizer: PreTrainedTokenizerBase, facts: Mapping[str, Any], rows: Sequence[Row]
    ) -> Evaluation:
        """Ask every question, and score the answers."""
        from ..evaluation.evaluator import LLMEvaluator

        return LLMEvaluator.from_config(self.config.evaluation).evaluate(model, tokenizer, rows)

    def finish(
        self, model: Model, tokenizer: PreTrainedTokenizerBase, splits: Mapping[str, Sequence[Row]]
    ) -> dict[str, Any]:
        """Give nothing: the weights know all."""
        return {}
