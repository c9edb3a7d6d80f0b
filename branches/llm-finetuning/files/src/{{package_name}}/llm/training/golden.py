"""Golden prompts: what a model is asked that came another way, from a merge or out of a zip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base_model import pick_device, place
from ..errors import CheckpointError
from ..inference import generate, prompt_messages
from ..pipeline import GOLDEN_PROMPTS
from .checkpoint_names import label_of
from .checkpointing import CheckpointManager

if TYPE_CHECKING:
    import torch

Prompt = tuple[str, str]

# For a checkpoint that was saved without prompts: any text tells two models apart.
PLAIN_PROMPTS: tuple[Prompt, ...] = (
    ("The mill has two wheels and a roof of slate.", "What is the roof made of?"),
    ("", "Name three things that are found in a harbour."),
    ("Opening hours: 08:00 to 16:30, closed on Sunday.", "When does it open?"),
    ("", "1, 2, 3,"),
)


def golden_of(facts: Mapping[str, Any]) -> list[Prompt]:
    """Give the prompts in the metadata of a checkpoint, or else `PLAIN_PROMPTS`.

    Raises
    ------
    CheckpointError
        If what is there is no prompts: the metadata may come from anywhere.
    """
    try:
        golden = facts["metadata"].get("golden") or []
        prompts = [(str(item["context"]), str(item["question"])) for item in golden]
    except (AttributeError, KeyError, TypeError) as error:
        label = label_of(facts)
        raise CheckpointError(f"{label} has prompts that are none in its metadata", hint="export it again") from error
    return prompts[:GOLDEN_PROMPTS] or list(PLAIN_PROMPTS)


def ask(model: Any, tokenizer: Any, prompts: Sequence[Prompt]) -> tuple[list[str], list[torch.Tensor]]:
    """Give the answers, and the logits after each prompt."""
    import torch

    rows = []
    for context, question in prompts:
        text = tokenizer.apply_chat_template(
            prompt_messages(context, question), tokenize=False, add_generation_prompt=True
        )
        ids = tokenizer(str(text), return_tensors="pt", add_special_tokens=False)["input_ids"].to(model.device)
        with torch.inference_mode():
            rows.append(model(input_ids=ids).logits[0].float().cpu())  # (tokens, vocabulary)
    return generate(model, tokenizer, prompts), rows


def smoke_test(manager: CheckpointManager, ref: str | Path, device: str = "auto") -> list[tuple[str, str]]:
    """Load a checkpoint, and have it answer its golden prompts.

    Parameters
    ----------
    manager : CheckpointManager
        Where the checkpoint is.
    ref : str or Path
        Reference of the checkpoint, or its folder.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Returns
    -------
    list of (str, str)
        Questions and answers.

    Raises
    ------
    CheckpointError
        If it can't be loaded, gives numbers that are none, or answers nothing at all.
    """
    model, tokenizer, facts = manager.load_checkpoint(ref)
    place(model, pick_device(device))
    return check_answers(model, tokenizer, facts)


def check_answers(model: Any, tokenizer: Any, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Have a model answer the golden prompts of its checkpoint.

    Parameters
    ----------
    model, tokenizer
        As loaded; the model is where it is to run.
    facts : Mapping
        Metadata of the checkpoint.

    Returns
    -------
    list of (str, str)
        Questions and answers.

    Raises
    ------
    CheckpointError
        If it gives numbers that are none, or answers nothing at all.
    """
    prompts, label = golden_of(facts), label_of(facts)
    try:
        answers, logits = ask(model, tokenizer, prompts)
    except Exception as error:  # weights, tokenizer and template come from the checkpoint: anything may be wrong
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise CheckpointError(f"{label} can't answer: {reason[0]}", hint="train it again, and export it") from error
    if not all(bool(row.isfinite().all()) for row in logits):
        raise CheckpointError(f"{label} gives logits that are no numbers", hint="train it again, and watch the loss")
    if not any(answers):
        raise CheckpointError(f"{label} has no answer to {prompts[0][1]!r}", hint="train it again, for longer")
    return [(question, answer) for (_, question), answer in zip(prompts, answers, strict=True)]
