"""Training as the command line does it.

documents or conversations → plan → preflight → tracked run with states to resume from → checkpoint
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import LLMConfig
from .console import console, print_preflight, tell_documents, tell_loss
from .data.examples import Row
from .data.splits import Splits
from .data.store import DatasetStore
from .distributed.multi_node import is_main_process, was_restarted, world_size
from .errors import ModelError
from .pipeline import golden_prompts, prepare
from .process import import_training_stack, peak_rss_mb

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from .training.data_preparation import Conversations
    from .training.preflight import Preflight
    from .training.states import Resume

EXPERIMENT = "llm-training"
PREFERENCES = "llm-preferences"
SUPERVISION_PAGE = Path("reports/llm-training/supervision.html")


@dataclass(frozen=True)
class TrainingPlan:
    """What a run trains on.

    Attributes
    ----------
    config : LLMConfig
        How it trains.
    root : Path
        Folder of the project.
    dataset : mapping or Path
        As `LLMTrainer.fine_tune` takes it.
    facts : dict
        What the checkpoint says about its data.
    """

    config: LLMConfig
    root: Path
    dataset: Conversations
    facts: dict[str, Any]

    @classmethod
    def make(cls, config: LLMConfig, root: Path, documents: Path, dataset: str | None) -> TrainingPlan:
        """Read documents and split their pairs; or take a file of rows, or a version of a dataset."""
        if dataset is not None and Path(dataset).is_file():
            return cls(config, root, Path(dataset), {"dataset": Path(dataset).name})
        splits: Splits[Row]
        if dataset is not None:
            version = DatasetStore(root / "datasets").get(dataset)
            splits, named = version.splits(), str(version)
        else:
            prepared = prepare(documents, config.data, config.quality)
            tell_documents(prepared)
            splits, named = prepared.split(seed=config.training.seed), None
        facts = {"dataset": named, "documents": splits.documents(), "golden": golden_prompts(splits.validation)}
        return cls(config, root, splits, facts)

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.root / "checkpoints"

    @property
    def states(self) -> Path:
        """Folder of what an interrupted run goes on from."""
        return self.checkpoints / ".states" / self.config.training.name


def preflight(plan: TrainingPlan, *, show: bool, memory_must_fit: bool = True, processes: int = 1) -> Preflight:
    """Check a run; print all about it and write the page of what is learned if `show` says so."""
    with console.status("loading PyTorch and Transformers"):
        from .training.preflight import run_preflight, write_supervision
    found = run_preflight(
        plan.config,
        plan.dataset,
        plan.checkpoints,
        memory_must_fit=memory_must_fit,
        processes=max(processes, world_size()),
    )
    if show:
        print_preflight(found)
        write_supervision(found, plan.root / SUPERVISION_PAGE)
        console.print(f"the same in colour: {SUPERVISION_PAGE.as_posix()}")
    else:
        console.print(f"{found.base_model}, licence {found.licence}, on {found.device}", soft_wrap=True)
    return found


def train(plan: TrainingPlan, *, resume: Resume = False) -> Path | None:
    """Train, record the run, and save a checkpoint.

    Parameters
    ----------
    plan : TrainingPlan
        What to train on, and how.
    resume : bool or str
        As `LLMTrainer.fine_tune` takes it. A process that was started again after one died goes on where it can.

    Returns
    -------
    Path or None
        Folder of the checkpoint; nothing in a process that is not the one that writes.

    Raises
    ------
    DataError, ModelError
        If the run can't be done; what it has reached so far is kept, and goes on with `resume`.
    """
    with console.status("loading PyTorch, Transformers, PEFT and TRL"):
        import_training_stack()
        from .fine_tuning import LLMTrainer
        from .tracking import track_run

    config = plan.config
    settings = config.model_dump(mode="json", exclude={"profiles"})
    tags = {"seed": str(config.training.seed), "name": config.training.name}
    trainer = LLMTrainer.from_config(config)
    if was_restarted():
        resume = "auto"
    if not is_main_process():
        trainer.fine_tune(plan.dataset, states=plan.states, resume=resume)
        return None
    with track_run(EXPERIMENT, params=settings, tags=tags, root=plan.root) as run:

        def on_progress(step: int, last_step: int, measured: Mapping[str, float]) -> None:
            run.log_metrics(measured, step=step)
            tell_loss(step, last_step, measured)

        result = trainer.fine_tune(plan.dataset, on_progress=on_progress, states=plan.states, resume=resume)
        run.log_metrics({"seconds": result.seconds, "peak_rss_mb": peak_rss_mb()}, step=result.steps)
        saved = trainer.save(
            root=plan.checkpoints,
            metadata={
                "seed": config.training.seed,
                **plan.facts,
                "history": result.history,
                "best_step": result.best_step,
                "run": run.run_id,
                "config": settings,
            },
        )
    shutil.rmtree(plan.states, ignore_errors=True)
    console.print(f"{result.steps} steps in {result.seconds:.1f} s{_best(result.best_step, result.steps)}")
    return saved


def _best(best: int | None, steps: int) -> str:
    return f", best at step {best}" if best is not None and best != steps else ""


def train_on_preferences(plan: TrainingPlan, method: str, *, checkpoint: str | None, name: str | None) -> Path:
    """Train a checkpoint, or the base model, on preferences, record the run, and save a checkpoint.

    Returns
    -------
    Path
        Folder of the checkpoint.

    Raises
    ------
    DataError, ModelError
        If the rows are none for the method, or there is no such method.
    """
    with console.status("loading PyTorch, Transformers, PEFT and TRL"):
        import_training_stack()
        from .base_model import load_base_model, pick_device, place
        from .tracking import track_run
        from .training.checkpointing import CheckpointManager
        from .training.lora_training import check_qlora
        from .training.rlhf import METHODS, read_preferences, train_preferences

    config = plan.config
    if method not in METHODS:
        raise ModelError(f"there is no method {method!r} for preferences", hint=f"give {', '.join(METHODS)}")
    manager = CheckpointManager(plan.checkpoints)
    model: PreTrainedModel | PeftModel
    device, four_bits = pick_device(config.model.device), config.training.method == "qlora"
    if four_bits:
        check_qlora(device)
    if checkpoint is None:
        model, tokenizer = load_base_model(config.model, four_bits=four_bits)
    else:
        model, tokenizer, _ = manager.load_checkpoint(
            checkpoint, trainable=True, precision=config.model.precision, four_bits=four_bits
        )
    if not four_bits:
        place(model, device)
    rows = read_preferences(plan.dataset)
    settings = config.model_dump(mode="json", include={"model", "training"})
    with track_run(PREFERENCES, params=settings, tags={"method": method}, root=plan.root) as run:
        found = train_preferences(model, tokenizer, rows, METHODS[method], config.training)
        scores = {f"{found.measure}_before": found.before, f"{found.measure}_after": found.after}
        run.log_metrics(scores, step=found.steps)
    console.print(f"{found.measure}: {found.before:.1%} before, {found.after:.1%} after {found.steps} steps")
    facts = {**plan.facts, **scores, "method": method, "started_from": checkpoint, "run": run.run_id}
    return manager.save(
        name or f"{config.training.name}-{method}", model=found.model, tokenizer=tokenizer, metadata=facts
    )
