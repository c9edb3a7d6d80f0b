"""Making a checkpoint smaller.

checkpoint → merged model → asked → quantised copy → asked and timed → saved, loaded again and held against the copy
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base_model import pick_device, place
from ..console import console
from ..errors import CheckpointError, DataError, ModelError
from ..pipeline import spread
from ..training.checkpoint_names import label_of
from ..training.checkpointing import CheckpointManager
from ..training.golden import ask, golden_of
from .config import QuantizationConfig
from .making import make_smaller, to_precision
from .measuring import Asked, Loss, Speed, ask_rows, loss_of, time_answers
from .methods import Method
from .storage import bfloat16_size, size_of

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
        return label_of(self.facts)


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
    learned : callable
        Gives what the checkpoint was trained on, for methods that learn or look at it.
    """

    def __init__(
        self,
        original: Original,
        use_case: UseCase,
        rows: Sequence[Row],
        config: LLMConfig,
        learned: Callable[[], Sequence[Row]],
    ) -> None:
        self.original = original
        self._learned = learned
        self.use_case = use_case
        self.rows = rows
        self.config = config

    @cached_property
    def before(self) -> Asked:
        """What the original says."""
        with console.status(f"asking {self.original.label}"):
            return self._ask(self.original.model)

    @property
    def settings(self) -> QuantizationConfig:
        """How is quantised, and measured."""
        return self.config.quantization

    @cached_property
    def learned(self) -> Sequence[Row]:
        """What the checkpoint was trained on, without the documents of what is asked.

        Raises
        ------
        DataError
            If all of them are asked.
        """
        asked = {row.document for row in self.rows}
        rows = [row for row in self._learned() if row.document not in asked]
        if not rows:
            fault = f"all that {self.original.label} was trained on is asked too, and nothing is left to learn from"
            raise DataError(fault, hint="ask about others: leave out --source, or give other documents")
        return rows

    def run(self, method: Method) -> tuple[Trial, Any]:
        """Make a smaller copy of the original, and measure it.

        Returns
        -------
        Trial
            What came of it.
        PreTrainedModel
            The copy.

        Raises
        ------
        ModelError
            If its layers can't be quantised, or it is no smaller.
        """
        model = make_smaller(self.original, method, lambda: self.learned, self.config)
        size, full_size = size_of(model), bfloat16_size(self.original.model)
        if size >= full_size:
            raise ModelError(
                f"{self.original.label} as {method.name} takes {size} bytes, and {full_size} as bfloat16",
                hint="keep it as it is, or try another method",
            )
        after = self._ask(model)
        timed = [self.rows[index] for index in spread(self.rows, self.settings.timed_questions)]
        longest = self.config.evaluation.max_new_tokens
        trial = Trial(
            method,
            size,
            full_size,
            self.before,
            after,
            loss_of(self.before, after, self.rows, self.config.evaluation, self.settings.max_loss_points),
            time_answers(self.original.model, model, self.original.tokenizer, timed, longest),
        )
        return trial, model

    def _ask(self, model: Any) -> Asked:
        original = self.original
        return ask_rows(self.use_case, model, original.tokenizer, original.facts["metadata"], self.rows)


def load_original(
    manager: CheckpointManager, ref: str | Path, config: LLMConfig, *, verb: str = "quantise"
) -> Original:
    """Load a checkpoint, and put its adapter, if it has one, into the base model.

    Parameters
    ----------
    manager : CheckpointManager
        Finds it.
    ref : str or Path
        Reference of the checkpoint, or its folder.
    config : LLMConfig
        On which device, and in which precision.
    verb : str
        What is to be done with it, for the hint.

    Raises
    ------
    CheckpointError
        If it is quantised already.
    """
    model, tokenizer, facts = manager.load_checkpoint(ref, precision="single")
    if facts["kind"] == "quantized":
        parent = facts["metadata"].get("quantized_from", "the checkpoint that it was made of")
        raise CheckpointError(f"{label_of(facts)} is quantised already", hint=f"{verb} {parent}")
    whole: Any = model
    merged = whole.merge_and_unload(safe_merge=True) if facts["kind"] == "adapter" else whole
    to_precision(merged, config)
    merged = merged.eval()
    device = pick_device(config.model.device)
    place(merged, device)
    return Original(merged, tokenizer, facts, device)


def save_trial(
    manager: CheckpointManager, original: Original, trial: Trial, model: Any, name: str | None = None
) -> Path:
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
