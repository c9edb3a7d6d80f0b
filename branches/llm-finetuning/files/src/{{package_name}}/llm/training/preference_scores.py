"""How well a model holds to preferences: the share of rows in order, or the reward of its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ..data.examples import Example, Row, conversation
from ..data.pairs import Pair
from ..evaluation.metrics import token_f1
from ..inference import generate
from .data_preparation import IGNORED, Messages, encode
from .preference_rows import PreferenceMethod
from .reward import chosen_share

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Judge = Callable[[Sequence[Messages]], list[float]]


def measure(
    model: Any, tokenizer: Any, rows: Sequence[Row], method: PreferenceMethod, judge: Judge | None = None
) -> float:
    """Measure what a method is to raise: the share of rows in order, or for GRPO the reward of what is answered."""
    if method != "grpo":
        share = chosen_share if method == "reward" else ranked_share
        return share(model, tokenizer, [row for row in rows if isinstance(row, Example) and row.rejected])
    questions = [(row.context if isinstance(row, Pair) else "", row.question) for row in rows]
    said = generate(model, tokenizer, questions)
    if judge:
        both = zip(rows, said, strict=True)
        talks = [[*conversation(row)[:-1], {"role": "assistant", "content": one}] for row, one in both]
        return fmean(judge(talks))
    return fmean(token_f1(one, row.answer) for one, row in zip(said, rows, strict=True))


def ranked_share(model: Any, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Example]) -> float:
    """Give the share of rows whose chosen answer is likelier than the rejected one, a token on average."""
    won = 0
    for row in rows:
        *prompt, chosen = conversation(row)
        rejected = {**chosen, "content": row.rejected}
        won += _likelihood(model, tokenizer, prompt, chosen) > _likelihood(model, tokenizer, prompt, rejected)
    return won / len(rows)


def _likelihood(model: Any, tokenizer: Any, prompt: list[dict[str, str]], answer: dict[str, str]) -> float:
    """Give the mean log-likelihood of an answer's tokens."""
    import torch

    row = encode(tokenizer, [[*prompt, answer]], "completion")[0]
    ids = torch.tensor([row.input_ids], device=model.device)
    labels = torch.tensor(row.labels[1:], device=model.device)
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        logits = model(input_ids=ids).logits[0, :-1].float()  # (tokens - 1, vocabulary)
    model.train(was_training)
    return -float(torch.nn.functional.cross_entropy(logits, labels, ignore_index=IGNORED))
