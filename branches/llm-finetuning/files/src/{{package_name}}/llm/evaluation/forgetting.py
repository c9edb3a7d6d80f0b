"""What a model still can of what its base model learned: tuning for one thing makes it forget another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ..base_model import TINY_BASE
from ..data.examples import conversation
from ..data.formats import read_rows
from ..training.data_preparation import IGNORED, TokenRow, encode
from .reading import read_in_batches
from .records import Example

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BASE_TASK = "base_task"
_PRACTICE_ROWS, _SEED = 150, 1_000_003  # a seed that no training of the shipped model has used


def base_task_rows(base_model: str, file: Path | None, tokenizer: PreTrainedTokenizerBase) -> list[TokenRow]:
    """Give what the base model could do before it was tuned, with labels where it counts.

    Parameters
    ----------
    base_model : str
        The shipped model is asked to look facts up in practice text, as in its own training.
    file : Path or None
        Rows for any other model, in a format that ``datasets import`` takes.

    Returns
    -------
    list of TokenRow
        Empty where nothing is known of the base model.
    """
    if file is not None:
        return encode(tokenizer, [conversation(row) for row in read_rows(file)[1]], "completion")
    if base_model != TINY_BASE:
        return []
    from ..tiny_base.__main__ import encode as encode_practice
    from ..tiny_base.corpus import PracticeText

    text = PracticeText(_SEED)
    encoded = encode_practice(tokenizer, [text.lookup_row() for _ in range(_PRACTICE_ROWS)])
    return [
        TokenRow(ids, [one if counts else IGNORED for one, counts in zip(ids, counted, strict=True)])
        for ids, counted in encoded
    ]


def ask_base_task(
    model: PreTrainedModel | PeftModel, tokenizer: PreTrainedTokenizerBase, rows: Sequence[TokenRow], batch_size: int
) -> tuple[Example, ...]:
    """Find out for each answer in the rows whether the model finds every token of it the likeliest.

    That is what it would write by itself, given what stands before it. Answers in one row are one group.
    """
    found: dict[int, list[Example]] = {}
    for chosen, logits in read_in_batches(model, tokenizer, rows, batch_size):
        likeliest = logits.argmax(-1).tolist()  # (batch, tokens)
        for number, said in zip(chosen, likeliest, strict=True):
            row = rows[number]
            spans = _answers(row, tokenizer)
            found[number] = [_example(tokenizer, row, said, span, f"row {number}") for span in spans]
    return tuple(example for number in range(len(rows)) for example in found[number])


def _answers(row: TokenRow, tokenizer: PreTrainedTokenizerBase) -> Iterator[tuple[int, int]]:
    """Give the ranges of tokens that count, without what ends them: how an answer ends is the format's, not a fact."""
    numbered = enumerate(label != IGNORED for label in row.labels)
    for counts, part in groupby(numbered, key=lambda one: one[1]):
        places = [place for place, _ in part]
        first, end = places[0], places[-1] + 1
        while end > first and not str(tokenizer.decode(row.input_ids[end - 1], skip_special_tokens=True)).strip():
            end -= 1
        if counts and 0 < first < end:
            yield first, end


def _example(
    tokenizer: PreTrainedTokenizerBase, row: TokenRow, said: list[int], span: tuple[int, int], group: str
) -> Example:
    first, end = span
    wanted, given = row.input_ids[first:end], said[first - 1 : end - 1]
    before, expected, answer = (
        str(tokenizer.decode(ids, skip_special_tokens=True)).strip() for ids in (row.input_ids[:first], wanted, given)
    )
    context, _, question = before.rpartition("\n")
    right = float(list(wanted) == list(given))
    return Example(
        question=question, context=context, expected=expected, answer=answer, group=group, scores={BASE_TASK: right}
    )
