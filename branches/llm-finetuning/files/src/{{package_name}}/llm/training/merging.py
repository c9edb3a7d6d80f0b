"""Merging an adapter into its base model, held against the two apart before anything is saved.

checkpoint → answers and logits on golden prompts → merged weights → the same again → a checkpoint of its own
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError
from .checkpoint_names import label_of
from .checkpointing import CheckpointManager
from .golden import Prompt, ask, golden_of

if TYPE_CHECKING:
    import torch

# Of the largest logit. Adding two matrices and multiplying once rounds otherwise than multiplying twice.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Merge:
    """A merged checkpoint.

    Attributes
    ----------
    path : Path
        Its folder.
    prompts : int
        Golden prompts on which it answered like adapter and base.
    largest_difference : float
        Of a logit, as a share of the largest logit.
    """

    path: Path
    prompts: int
    largest_difference: float


def merge_checkpoint(manager: CheckpointManager, ref: str | Path, name: str | None = None) -> Merge:
    """Save an adapter's model as one without an adapter, in single precision, if it says the same.

    Parameters
    ----------
    manager : CheckpointManager
        Where the checkpoint is, and the merged one goes.
    ref : str or Path
        Checkpoint with an adapter. Its golden prompts are those in its metadata, or else any.
    name : str, optional
        Name of the new checkpoint; by default the old one with ``-merged``.

    Raises
    ------
    CheckpointError
        If the checkpoint has no adapter, or the merged model answers otherwise.
    """
    model, tokenizer, facts = manager.load_checkpoint(ref, precision="single")
    label = label_of(facts)
    if facts["kind"] != "adapter":
        raise CheckpointError(f"{label} has no adapter to merge", hint="it can be used as it is")
    prompts = golden_of(facts)
    before = ask(model, tokenizer, prompts)
    whole: Any = model
    merged = whole.merge_and_unload(safe_merge=True)
    difference = _compare(label, prompts, before, ask(merged, tokenizer, prompts))
    path = manager.save(
        name or f"{facts['name']}-merged",
        model=merged,
        tokenizer=tokenizer,
        metadata={**facts["metadata"], "merged_from": label, "merge_difference": difference},
    )
    return Merge(path, len(prompts), difference)


def _compare(
    label: str,
    prompts: Sequence[Prompt],
    before: tuple[list[str], list[torch.Tensor]],
    after: tuple[list[str], list[torch.Tensor]],
) -> float:
    difference = 0.0
    for prompt, old, new, logits, merged in zip(prompts, before[0], after[0], before[1], after[1], strict=True):
        difference = max(difference, ((merged - logits).abs().max() / logits.abs().max()).item())
        if old != new:
            raise CheckpointError(
                f"merged, {label} answers {prompt[1]!r} with {new!r}, and not with {old!r}",
                hint="use the adapter on its base model",
            )
    if not difference <= TOLERANCE:
        raise CheckpointError(
            f"merging {label} moves logits by {difference:.1e} of the largest, more than {TOLERANCE:.0e}",
            hint="use the adapter on its base model",
        )
    return difference
