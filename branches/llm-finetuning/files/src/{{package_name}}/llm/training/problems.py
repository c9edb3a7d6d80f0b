"""Why a run can't start, each with what would help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..config import TrainingConfig
from ..console import size_text
from ..errors import DataError, ModelError
from .data_preparation import IGNORED, Messages, TokenRow

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from .preflight import Lengths, Preflight


def packing_problems(training: TrainingConfig) -> list[ModelError]:
    """Refuse to pack batches of one row."""
    if training.packing != "always" or training.batch_size > 1:
        return []
    return [
        ModelError(
            "llm.training.packing=always puts the rows of a batch end to end, and a batch has one",
            hint="set llm.training.batch_size higher and llm.training.gradient_accumulation lower",
        )
    ]


def length_problems(lengths: Mapping[str, Lengths], most: int) -> list[DataError | ModelError]:
    """Refuse rows that would be cut, or from which nothing is learned."""
    problems: list[DataError | ModelError] = []
    for name, one in lengths.items():
        if one.too_long:
            problems.append(
                DataError(
                    f"{one.too_long} of {one.rows} rows for {name} have more tokens than llm.training.max_length "
                    f"({most}), up to {one.longest}: cut, they would lose the end of their answers",
                    hint=f"set llm.training.max_length={one.longest}, or llm.data.max_sentences lower",
                )
            )
        if one.unsupervised:
            problems.append(
                DataError(
                    f"{one.unsupervised} of {one.rows} rows for {name} have no token to learn from",
                    hint="their answers are empty, or the chat template hides them: look at both",
                )
            )
    return problems


def template_problems(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[Messages], rows: Sequence[TokenRow]
) -> list[DataError | ModelError]:
    """Read rows back: the answer must be in what is learned, and the end token after it."""
    hint = "set llm.model.chat_template to a file with a template that ends answers with the model's end token"
    for messages, row in zip(conversations, rows, strict=True):
        learned = [label for label in row.labels if label != IGNORED]
        answer = messages[-1]["content"].strip()
        text = str(tokenizer.decode(learned, skip_special_tokens=True))
        if learned and answer not in text:
            return [ModelError(f"the chat template makes {text!r} of the answer {answer!r}", hint=hint)]
        if learned and tokenizer.eos_token_id not in learned:
            said = f"no end token ({tokenizer.eos_token}) is learned after {answer!r}: the model would not stop"
            return [ModelError(said, hint=hint)]
    return []


def memory_problems(found: Preflight) -> list[ModelError]:
    """Compare what is needed with what the device has."""
    if found.memory.total <= found.available:
        return []
    change = " ".join(f"--set {key}={value}" for key, value in (found.fits_with or {}).items())
    help_with = f"this would fit: {change}" if change else "take a smaller model, or a device with more memory"
    return [
        ModelError(
            f"about {size_text(found.memory.total)} of memory are needed on {found.device}, "
            f"and {size_text(found.available)} are there",
            hint=f"{help_with}; or try all the same with --skip-memory-check",
        )
    ]


def disk_problems(found: Preflight) -> list[ModelError]:
    """Compare what will be written with what is free."""
    if found.disk_needed <= found.disk_free:
        return []
    return [
        ModelError(
            f"about {size_text(found.disk_needed)} of disk are needed, and {size_text(found.disk_free)} are free",
            hint="free some space, or set llm.training.keep_states lower",
        )
    ]
