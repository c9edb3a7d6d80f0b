"""Rows of preferences as the trainers of TRL take them, and which of them each method can be given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from ..config import TrainingConfig
from ..data.examples import Example, Row, conversation
from ..data.formats import read_rows
from ..errors import DataError, ModelError
from .data_preparation import Conversations

PreferenceMethod = Literal["dpo", "kto", "grpo", "reward"]
METHODS: dict[str, PreferenceMethod] = {name: name for name in get_args(PreferenceMethod)}
ANSWERS = 4  # that GRPO compares for each prompt
ANSWERED = ("chosen", "rejected", "completion")  # where a record has its answers


def read_preferences(dataset: Conversations) -> list[Row]:
    """Give the rows that are trained on: all of a file, or the training split.

    Raises
    ------
    DataError
        If the file can't be read.
    """
    if isinstance(dataset, Mapping):
        return list(dataset["train"])
    return read_rows(Path(dataset))[1]


def make_records(rows: Sequence[Row], method: PreferenceMethod) -> list[dict[str, Any]]:
    """Give rows as the trainers of TRL take them."""
    talks = [(row, conversation(row)) for row in rows]
    found: list[dict[str, Any]] = []
    if method == "grpo":
        found = [{"prompt": talk[:-1], "expected": row.answer} for row, talk in talks]
    else:
        for row, (*prompt, chosen) in talks:
            if not isinstance(row, Example) or not row.rejected:
                continue
            rejected = {**chosen, "content": row.rejected}
            if method in {"dpo", "reward"}:
                found.append({"prompt": prompt, "chosen": [chosen], "rejected": [rejected]})
            else:
                found.append({"prompt": prompt, "completion": [chosen], "label": True})
                found.append({"prompt": prompt, "completion": [rejected], "label": False})
    if not found:
        raise DataError(
            f"there are no rows for {method}",
            hint="dpo, kto and reward need prompt, chosen and rejected; grpo takes any rows with answers",
        )
    return found


def check_step(method: PreferenceMethod, config: TrainingConfig, records: int) -> None:
    """Refuse steps that TRL can't fill with rows to compare, or with the answers to whole prompts."""
    if method == "kto" and config.batch_size == 1:
        raise ModelError("kto compares the rows of a batch, and there is one", hint="set llm.training.batch_size=2")
    step = config.batch_size * config.gradient_accumulation
    if method == "grpo" and step % ANSWERS:
        raise ModelError(
            f"grpo compares {ANSWERS} answers to each prompt, and a step of {config.batch_size} x "
            f"{config.gradient_accumulation} rows is no multiple of that",
            hint=f"set llm.training.batch_size to a multiple of {ANSWERS}",
        )
    if method == "grpo" and records * ANSWERS < step:
        raise DataError(
            f"a step of {step} rows has the answers to {step // ANSWERS} prompts, and there are {records}",
            hint=f"set llm.training.batch_size={ANSWERS} and llm.training.gradient_accumulation=1, or give more rows",
        )
