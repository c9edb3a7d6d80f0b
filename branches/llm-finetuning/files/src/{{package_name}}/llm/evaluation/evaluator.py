"""Asking a model the questions of a split and scoring what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Self

from ..config import EvaluationConfig
from ..data.examples import Row, conversation
from ..errors import DataError
from ..inference import generate
from ..training.data_preparation import IGNORED, encode
from ..use_case import Table, responses_of
from .metrics import contains_answer, exact_match, token_f1

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from ...tracking.responses import Response


@dataclass(frozen=True)
class Evaluation:
    """Scores of a model on a set of pairs.

    Attributes
    ----------
    exact_match, contains_answer, token_f1 : float
        Means from 0 to 1.
    eval_loss : float
        Mean negative log likelihood of the expected answers, in nats a token.
    answers : tuple of str
        What the model said, in the order of the pairs.
    """

    exact_match: float
    contains_answer: float
    token_f1: float
    eval_loss: float
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
        """Give the scores by name."""
        return {
            "exact_match": self.exact_match,
            "contains_answer": self.contains_answer,
            "token_f1": self.token_f1,
            "eval_loss": self.eval_loss,
        }

    def tables(self, pairs: Sequence[Row]) -> list[Table]:
        """Give none: the scores tell all."""
        return []


class LLMEvaluator:
    """Scores of causal language models on question-answer pairs.

    Parameters
    ----------
    batch_size : int
        Questions answered at once.
    max_new_tokens : int
        Most tokens in an answer.
    """

    def __init__(self, *, batch_size: int = 64, max_new_tokens: int = 24) -> None:
        self.batch_size = batch_size
        self.max_new_tokens = max_new_tokens

    @classmethod
    def from_config(cls, config: EvaluationConfig) -> Self:
        """Make an evaluator of what the configuration says."""
        return cls(batch_size=config.batch_size, max_new_tokens=config.max_new_tokens)

    def evaluate(
        self, model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Row]
    ) -> Evaluation:
        """Ask every question and score the answers.

        Raises
        ------
        DataError
            If there are no pairs.
        """
        if not pairs:
            raise DataError("there are no questions to evaluate", hint="give a split that holds pairs")
        answers = self.answers(model, tokenizer, pairs)
        both = list(zip(answers, [pair.answer for pair in pairs], strict=True))
        return Evaluation(
            exact_match=fmean(exact_match(*pair) for pair in both),
            contains_answer=fmean(contains_answer(*pair) for pair in both),
            token_f1=fmean(token_f1(*pair) for pair in both),
            eval_loss=self.loss(model, tokenizer, pairs),
            answers=tuple(answers),
        )

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
        import torch

        rows = encode(tokenizer, [conversation(pair) for pair in pairs], "completion")
        rows.sort(key=lambda row: len(row.input_ids))
        pad = tokenizer.pad_token_id
        total, count = 0.0, 0
        was_training = model.training
        model.eval()
        try:
            for start in range(0, len(rows), self.batch_size):
                batch = rows[start : start + self.batch_size]
                width = len(batch[-1].input_ids)
                gaps = [width - len(row.input_ids) for row in batch]
                both = list(zip(batch, gaps, strict=True))
                input_ids = torch.tensor([row.input_ids + [pad] * gap for row, gap in both])
                mask = torch.tensor([[1] * (width - gap) + [0] * gap for gap in gaps])
                labels = torch.tensor([row.labels + [IGNORED] * gap for row, gap in both])
                with torch.inference_mode():
                    logits = model(input_ids.to(model.device), attention_mask=mask.to(model.device)).logits
                    lost = torch.nn.functional.cross_entropy(
                        logits[:, :-1].flatten(0, 1).float(),  # (batch * (tokens - 1), vocabulary)
                        labels[:, 1:].flatten().to(model.device),
                        ignore_index=IGNORED,
                        reduction="sum",
                    )
                total += lost.item()
                count += int((labels[:, 1:] != IGNORED).sum())
        finally:
            model.train(was_training)
        return total / count
