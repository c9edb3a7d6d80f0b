"""Making a checkpoint smaller.

checkpoint → merged model → asked → quantised copy → asked and timed → saved, loaded again and held against the copy
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base_model import dtype_of, pick_device, place
from ..errors import CheckpointError, ModelError
from ..pipeline import spread
from ..training.checkpointing import CheckpointManager
from ..training.golden import ask, golden_of
from .config import QuantizationConfig
from .measuring import Asked, Loss, Speed, ask_rows, loss_of, time_answers
from .methods import Method, quantize_weights
from .storage import bfloat16_size, mark_quantized, size_of

if TYPE_CHECKING:
    import torch

    from ..config import LLMConfig
    from ..data.examples import Row
    from ..use_case import UseCase


@dataclass(frozen=True)
class Original:
    """A model without an adapter, and what is known of it.

    Attributes
    ----------
    model, tokenizer
        As they are asked.
    facts : dict
        Metadata of its checkpoint.
    device : torch.device
        Where it is.
    """

    model: Any
    tokenizer: Any
    facts: dict[str, Any]
    device: torch.device

    @property
    def label(self) -> str:
        """Name and version of its checkpoint."""
        return f"{self.facts['name']}@v{self.facts['version']}"


@dataclass(frozen=True)
class Trial:
    """What came of a method.

    Attributes
    ----------
    method : Method
        How it was made.
    size, full_size : int
        Bytes of its weights, and of those of the original as bfloat16.
    before, after : Asked
        What the original and this model said.
    loss : Loss
        How much worse it is.
    speed : Speed
        How long its answers take.
    """

    method: Method
    size: int
    full_size: int
    before: Asked
    after: Asked
    loss: Loss
    speed: Speed

    @property
    def saved_share(self) -> float:
        """Share of the size as bfloat16 that is gone."""
        return 1 - self.size / self.full_size

    def figures(self) -> dict[str, float]:
        """Say for the checkpoint, and the run, what it is worth."""
        return {
            "bytes": self.size,
            "bfloat16_bytes": self.full_size,
            "accuracy_before": self.before.accuracy,
            "accuracy": self.after.accuracy,
            "loss_points": self.loss.points,
            "loss_points_low": self.loss.low,
            "loss_points_high": self.loss.high,
            "questions": self.loss.rows,
            "questions_to_decide": self.loss.more,
            "milliseconds_before": self.speed.before,
            "milliseconds": self.speed.after,
            "milliseconds_a_token_before": self.speed.token_before,
            "milliseconds_a_token": self.speed.token_after,
            "latency_ratio": self.speed.ratio,
        }


class Trials:
    """Methods tried on one checkpoint, with the same questions.

    Parameters
    ----------
    original : Original
        What they start from.
    use_case : UseCase
        What scores answers.
    rows : sequence of Row
        What is asked.
    config : LLMConfig
        How.
    """

    def __init__(self, original: Original, use_case: UseCase, rows: Sequence[Row], config: LLMConfig) -> None:
        self.original = original
        self.use_case = use_case
        self.rows = rows
        self.config = config
        self.before = self._ask(original.model)

    @property
    def settings(self) -> QuantizationConfig:
        """How is quantised, and measured."""
        return self.config.quantization

    def quantize(self, method: Method) -> Any:
        """Quantise a copy of the original, always in the same way."""
        model = deepcopy(self.original.model)
        quantize_weights(model, method, self.settings.group_size)
        mark_quantized(model)
        return model

    def run(self, method: Method) -> Trial:
        """Quantise a copy of the original, and measure it; the copy is not kept.

        Raises
        ------
        ModelError
            If its layers can't be quantised, or it is no smaller.
        """
        model = self.quantize(method)
        size, full_size = size_of(model), bfloat16_size(self.original.model)
        if size >= full_size:
            raise ModelError(
                f"{self.original.label} as {method.name} takes {size} bytes, and {full_size} as bfloat16",
                hint="keep it as it is, or try another method",
            )
        after = self._ask(model)
        timed = [self.rows[index] for index in spread(self.rows, self.settings.timed_questions)]
        longest = self.config.evaluation.max_new_tokens
        return Trial(
            method,
            size,
            full_size,
            self.before,
            after,
            loss_of(self.before, after, self.rows, self.config.evaluation, self.settings.max_loss_points),
            time_answers(self.original.model, model, self.original.tokenizer, timed, longest),
        )

    def _ask(self, model: Any) -> Asked:
        original = self.original
        return ask_rows(self.use_case, model, original.tokenizer, original.facts["metadata"], self.rows)


def load_original(manager: CheckpointManager, ref: str | Path, config: LLMConfig) -> Original:
    """Load a checkpoint, and put its adapter, if it has one, into the base model.

    Raises
    ------
    CheckpointError
        If it is quantised already.
    """
    model, tokenizer, facts = manager.load_checkpoint(ref, precision="single")
    if facts["kind"] == "quantized":
        parent = facts["metadata"].get("quantized_from", "the checkpoint that it was made of")
        raise CheckpointError(f"{facts['name']}@v{facts['version']} is quantised already", hint=f"quantise {parent}")
    whole: Any = model
    merged = whole.merge_and_unload(safe_merge=True) if facts["kind"] == "adapter" else whole
    for weight in merged.parameters():  # buffers, such as those of rotary embeddings, need all their digits
        weight.data = weight.data.to(dtype_of(config.quantization.precision))
    merged = merged.eval()
    device = pick_device(config.model.device)
    place(merged, device)
    return Original(merged, tokenizer, facts, device)


def save_trial(manager: CheckpointManager, trials: Trials, trial: Trial, name: str | None = None) -> Path:
    """Save a quantised model as a checkpoint, if it answers golden prompts after loading as before saving.

    Returns
    -------
    Path
        Folder of the checkpoint.

    Raises
    ------
    CheckpointError
        If what was saved answers otherwise.
    """
    original, model = trials.original, trials.quantize(trial.method)
    prompts = golden_of(original.facts)
    expected, expected_logits = ask(model, original.tokenizer, prompts)
    made = {"method": trial.method.name, **trial.figures()}

    def test(folder: Path) -> None:
        loaded, tokenizer, _ = manager.load_checkpoint(folder)
        place(loaded, original.device)
        answers, logits = ask(loaded, tokenizer, prompts)
        if answers != expected or not all(old.equal(new) for old, new in zip(expected_logits, logits, strict=True)):
            raise CheckpointError(
                f"{original.label} as {trial.method.name} answers otherwise once it was saved and loaded",
                hint="try another method",
            )

    return CheckpointManager(manager.root, test).save(
        name or f"{original.facts['name']}-{trial.method.name}",
        model=model,
        tokenizer=original.tokenizer,
        metadata={**original.facts["metadata"], "quantized_from": original.label, "quantization": made},
    )
