"""Asking a model for categories: how likely each is where it may answer nothing else, and what it writes freely.

answers → tree of their tokens → the next token at each fork, among those that go on → a probability for each answer
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..inference import generate, prompt_messages
from ..training.data_preparation import IGNORED, encode, render
from .taxonomy import answer_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Tokens = tuple[int, ...]


def find_forks(answers: Sequence[Tokens]) -> dict[Tokens, tuple[int, ...]]:
    """Give the beginnings after which answers differ, each with the tokens that may come next.

    Examples
    --------
    >>> find_forks([(5, 1, 9), (5, 2, 9), (5, 2, 8)])
    {(5,): (1, 2), (5, 2): (8, 9)}
    """
    following: dict[Tokens, set[int]] = {}
    for answer in answers:
        for place, token in enumerate(answer):
            following.setdefault(answer[:place], set()).add(token)
    return {begun: tuple(sorted(tokens)) for begun, tokens in following.items() if len(tokens) > 1}


def ask(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    codes: Sequence[str],
    *,
    batch_size: int = 64,
) -> NDArray[np.float64]:
    """Ask how likely each category of each text is, as decoding goes that allows no other answer.

    A text costs one row for each fork in the tree of the answers, not one for each category.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Model to ask; its mode and device stay as they are found.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    texts : sequence of str
        What is asked.
    codes : sequence of str
        All categories.
    batch_size : int
        Rows at once.

    Returns
    -------
    ndarray of shape (n_texts, n_categories)
        Rows sum to 1.
    """
    import numpy as np
    import torch

    endings = [_answer_tokens(tokenizer, code) for code in codes]
    forks = find_forks(endings)
    prompts = [render(tokenizer, prompt_messages("", text), prompt=True) for text in texts]
    asked: list[list[int]] = tokenizer(prompts, add_special_tokens=False)["input_ids"] if prompts else []
    rows = [(text, begun) for text in range(len(texts)) for begun in forks]
    rows.sort(key=lambda row: len(asked[row[0]]) + len(row[1]))
    chances: dict[tuple[int, Tokens], dict[int, float]] = {}
    was_training = model.training
    model.eval()
    try:
        for start in range(0, len(rows), batch_size):
            batch = rows[start : start + batch_size]
            inputs = [[*asked[text], *begun] for text, begun in batch]
            width = len(inputs[-1])
            filled = [one + [tokenizer.pad_token_id] * (width - len(one)) for one in inputs]
            mask = [[1] * len(one) + [0] * (width - len(one)) for one in inputs]
            last = torch.tensor([len(one) - 1 for one in inputs])
            with torch.inference_mode():
                logits = model(
                    torch.tensor(filled, device=model.device), attention_mask=torch.tensor(mask, device=model.device)
                ).logits  # (rows, tokens, vocabulary)
            after = logits[torch.arange(len(batch)), last].float().cpu()
            for row, values in zip(batch, after, strict=True):
                allowed = forks[row[1]]
                shares = torch.softmax(values[list(allowed)], dim=0).tolist()
                chances[row] = dict(zip(allowed, shares, strict=True))
    finally:
        model.train(was_training)
    found = np.ones((len(texts), len(codes)))
    for column, ending in enumerate(endings):
        for begun in forks:
            if len(begun) < len(ending) and ending[: len(begun)] == begun:
                found[:, column] *= [chances[text, begun][ending[len(begun)]] for text in range(len(texts))]
    return found


def write(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    codes: Sequence[str],
    *,
    batch_size: int = 64,
) -> list[str]:
    """Have a model write its answers freely, as long as that of any category may be."""
    longest = max(len(_answer_tokens(tokenizer, code)) for code in codes)
    asked = [("", text) for text in texts]
    return generate(model, tokenizer, asked, max_new_tokens=longest, batch_size=batch_size)


def question_lengths(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], codes: Sequence[str]) -> list[int]:
    """Count the tokens of each prompt and of the longest answer to it."""
    if not texts:
        return []
    longest = max(len(_answer_tokens(tokenizer, code)) for code in codes)
    prompts = [render(tokenizer, prompt_messages("", text), prompt=True) for text in texts]
    return [len(ids) + longest for ids in tokenizer(prompts, add_special_tokens=False)["input_ids"]]


def _answer_tokens(tokenizer: PreTrainedTokenizerBase, code: str) -> Tokens:
    """Give the tokens of an answer as training counts them, the end token included."""
    row = encode(tokenizer, [[*prompt_messages("", "?"), {"role": "assistant", "content": answer_of(code)}]])[0]
    return tuple(label for label in row.labels if label != IGNORED)
