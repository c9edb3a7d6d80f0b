"""Asking a model the questions of a split and scoring what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Self, overload

from ..data.examples import Row, conversation
from ..errors import DataError
from ..inference import generate
from ..training.data_preparation import IGNORED, encode
from ..use_case import Table, responses_of
from .config import CUSTOM_TASKS, EvaluationConfig
from .metrics import contains_answer, exact_match, token_f1
from .reading import read_in_batches

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from ...tracking.responses import Response
    from .records import Score


@dataclass(frozen=True)
class Evaluation:
    """Scores of a model on a set of pairs.

    Attributes
    ----------
    each : mapping of str to tuple of float
        ``exact_match``, ``contains_answer`` and ``token_f1`` of each answer, from 0 to 1.
    losses : tuple of (float, int)
        Negative log likelihood of each expected answer in nats, and its tokens.
    answers : tuple of str
        What the model said, in the order of the pairs.
    """

    each: Mapping[str, tuple[float, ...]]
    losses: tuple[tuple[float, int], ...]
    answers: tuple[str, ...]

    def responses(self, pairs: Sequence[Row], variant: str = "") -> list[Response]:
        """Give each prompt with the answer to it, for the run in which it was asked.

        Parameters
        ----------
        pairs : sequence of Row
            Those that were asked.
        variant : str
            What answered, where several did.
        """
        return responses_of(pairs, self.answers, variant, {"token_f1": token_f1})

    def scores(self) -> dict[str, float]:
        """Give the means by name, and ``eval_loss`` in nats a token."""
        means = {name: fmean(values) for name, values in self.each.items()}
        return {**means, "eval_loss": nats_a_token(self.losses)}

    def tables(self, pairs: Sequence[Row]) -> list[Table]:
        """Give none: the scores tell all."""
        return []


def nats_a_token(losses: Sequence[tuple[float, int]]) -> float:
    """Average the negative log likelihood over all tokens."""
    return sum(nats for nats, _ in losses) / sum(tokens for _, tokens in losses)


class LLMEvaluator:
    """Scores of causal language models on question-answer pairs.

    Parameters
    ----------
    batch_size : int
        Questions answered at once.
    max_new_tokens : int
        Most tokens in an answer.
    custom_tasks : str or Path
        Folder of benchmarks of your own, and of rows for those of the harness.

    Examples
    --------
    >>> metrics = LLMEvaluator().evaluate("documents-qa@v1.0.0", benchmark="hellaswag")  # doctest: +SKIP
    >>> metrics["acc"].value, metrics["acc"].low, metrics["acc"].rows  # doctest: +SKIP
    (0.31, 0.301, 10042)
    """

    def __init__(
        self, *, batch_size: int = 64, max_new_tokens: int = 24, custom_tasks: str | Path = CUSTOM_TASKS
    ) -> None:
        self.batch_size = batch_size
        self.max_new_tokens = max_new_tokens
        self.custom_tasks = Path(custom_tasks)

    @classmethod
    def from_config(cls, config: EvaluationConfig) -> Self:
        """Make an evaluator of what the configuration says."""
        return cls(batch_size=config.batch_size, max_new_tokens=config.max_new_tokens, custom_tasks=config.custom_tasks)

    @overload
    def evaluate(
        self, model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Row]
    ) -> Evaluation: ...

    @overload
    def evaluate(
        self,
        model: PreTrainedModel | PeftModel | str | Path,
        tokenizer: PreTrainedTokenizerBase | None = None,
        *,
        benchmark: str,
        limit: int = 0,
    ) -> dict[str, Score]: ...

    def evaluate(
        self,
        model: PreTrainedModel | PeftModel | str | Path,
        tokenizer: PreTrainedTokenizerBase | None = None,
        pairs: Sequence[Row] | None = None,
        *,
        benchmark: str | None = None,
        limit: int = 0,
    ) -> Evaluation | dict[str, Score]:
        """Ask every question and score the answers: those of pairs, or those of a benchmark.

        Parameters
        ----------
        model : PreTrainedModel, PeftModel, str or Path
            What is asked; a benchmark takes a checkpoint too, such as ``name@v1.0.0``, or its folder.
        tokenizer : PreTrainedTokenizerBase, optional
            Its tokenizer; a benchmark takes by default the one that lies where the model is from.
        pairs : sequence of Row, optional
            Questions with the expected answers.
        benchmark : str, optional
            In place of pairs: a task of the lm-evaluation-harness, or one of your own.
        limit : int
            Most questions of each task of a benchmark; 0 for all.

        Returns
        -------
        Evaluation or dict of str to Score
            For a benchmark, its scores by name, each with its interval.

        Raises
        ------
        CheckpointError, DataError, ModelError
            If there is nothing to ask, or nothing that can be asked.
        """
        if benchmark is not None:
            from .benchmarks.running import ask_benchmark

            settings = EvaluationConfig(batch_size=self.batch_size, custom_tasks=self.custom_tasks)
            return ask_benchmark(model, tokenizer, benchmark, settings, limit=limit)
        if tokenizer is None or isinstance(model, str | Path):
            raise DataError("pairs are put to a model with its tokenizer", hint="give both, or name a benchmark")
        return self._ask_pairs(model, tokenizer, pairs or [])

    def _ask_pairs(
        self, model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Row]
    ) -> Evaluation:
        if not pairs:
            raise DataError("there are no questions to evaluate", hint="give a split that holds pairs")
        answers = self.answers(model, tokenizer, pairs)
        both = list(zip(answers, [pair.answer for pair in pairs], strict=True))
        measures = {"exact_match": exact_match, "contains_answer": contains_answer, "token_f1": token_f1}
        each = {name: tuple(measure(*pair) for pair in both) for name, measure in measures.items()}
        return Evaluation(each, self.losses(model, tokenizer, pairs), tuple(answers))

    def answers(
        self, model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Row]
    ) -> list[str]:
        """Ask every question, and give what the model says."""
        return generate(
            model,
            tokenizer,
            [(pair.context, pair.question) for pair in pairs],
            max_new_tokens=self.max_new_tokens,
            batch_size=self.batch_size,
        )

    def loss(
        self, model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Row]
    ) -> float:
        """Measure how surprised the model is by the expected answers, end token included.

        Returns
        -------
        float
            Nats a token.
        """
        return nats_a_token(self.losses(model, tokenizer, pairs))

    def losses(
        self, model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Row]
    ) -> tuple[tuple[float, int], ...]:
        """Measure how surprised the model is by each expected answer.

        Returns
        -------
        tuple of (float, int)
            Nats and tokens of each answer.
        """
        import torch

        rows = encode(tokenizer, [conversation(pair) for pair in pairs], "completion")
        found: dict[int, tuple[float, int]] = {}
        for chosen, logits in read_in_batches(model, tokenizer, rows, self.batch_size):
            width = logits.shape[1]
            padded = [rows[index].labels + [IGNORED] * (width - len(rows[index].labels)) for index in chosen]
            labels = torch.tensor(padded)[:, 1:]
            lost = torch.nn.functional.cross_entropy(
                logits[:, :-1].transpose(1, 2).float(),  # (batch, vocabulary, tokens - 1)
                labels.to(logits.device),
                ignore_index=IGNORED,
                reduction="none",
            )
            counts = (labels != IGNORED).sum(1).tolist()
            found |= zip(chosen, zip(lost.sum(1).tolist(), counts, strict=True), strict=True)
        return tuple(found[index] for index in range(len(rows)))
