"""Training as the command line does it.

documents or conversations → plan → preflight → tracked run with states to resume from → checkpoint
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tracking.config import TrackingConfig
from .config import LLMConfig
from .console import console, print_preflight, tell_loss
from .data.examples import Row
from .data.formats import open_rows
from .data.splits import Splits
from .data.store import DatasetStore
from .distributed.multi_node import is_main_process, was_restarted, world_size
from .errors import ModelError
from .pipeline import golden_prompts
from .process import import_training_stack, peak_rss_mb
from .tracking import Recipe, Source, record_training, recorded
from .training.journal import Journal
from .training.token_store import TOKENS
from .use_case import open_use_case

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from .training.checkpointing import CheckpointManager
    from .training.data_preparation import Conversations
    from .training.preference_rows import PreferenceMethod
    from .training.preflight import Preflight
    from .training.progress import Progress
    from .training.rlhf import Preference
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
    source : Source
        Where the data is from.
    store : TrackingConfig
        Where runs are recorded.
    """

    config: LLMConfig
    root: Path
    dataset: Conversations
    facts: dict[str, Any]
    source: Source
    store: TrackingConfig

    @classmethod
    def make(
        cls, config: LLMConfig, root: Path, made_from: Path, dataset: str | None, store: TrackingConfig
    ) -> TrainingPlan:
        """Make rows of what the use case has as its source; or take a file of rows, or a version of a dataset."""
        if dataset is not None and Path(dataset).is_file():
            return cls(config, root, Path(dataset), {"dataset": Path(dataset).name}, Source(dataset), store)
        splits: Splits[Row]
        if dataset is not None:
            version = DatasetStore(root / "datasets").get(dataset)
            splits, named = version.splits(), str(version)
            source = Source(named)
        else:
            material = open_use_case(config).prepare(made_from)
            material.tell()
            splits, named = material.split(seed=config.training.seed), None
            source = Source.of_documents(made_from, root)
        facts = {"dataset": named, "documents": splits.documents(), "golden": golden_prompts(splits.validation)}
        return cls(config, root, splits, facts, source, store)

    @property
    def rows(self) -> Mapping[str, Sequence[Row]]:
        """The rows of each split; none of a file, which is split when it is read."""
        return self.dataset if isinstance(self.dataset, Mapping) else {}

    def all_rows(self) -> Iterator[Row]:
        """Give the rows of all splits; those of a file as they are read, since it may be larger than memory."""
        if isinstance(self.dataset, Mapping):
            return chain.from_iterable(self.dataset.values())
        return open_rows(Path(self.dataset))[1]

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.root / "checkpoints"

    @property
    def states(self) -> Path:
        """Folder of what an interrupted run goes on from."""
        return self.checkpoints / ".states" / self.config.training.name

    @property
    def tokens(self) -> Path:
        """Folder of rows in tokens, for the next run with the same."""
        return self.checkpoints / TOKENS


def preflight(plan: TrainingPlan, *, show: bool, memory_must_fit: bool = True, processes: int = 1) -> Preflight:
    """Check a run; print all about it and write the page of what is learned if `show` says so."""
    with console.status("loading PyTorch and Transformers"):
        from .training.preflight import run_preflight, write_supervision
    open_use_case(plan.config).check(plan.all_rows())
    found = run_preflight(
        plan.config,
        plan.dataset,
        plan.checkpoints,
        memory_must_fit=memory_must_fit,
        processes=max(processes, world_size()),
    )
    if is_main_process():
        from .evaluation.benchmarks.in_training import plan_benchmarks

        benchmarks, problems = plan_benchmarks(plan.config.evaluation, plan.root)
        found = replace(found, benchmarks=benchmarks, problems=[*found.problems, *problems])
    if show:
        print_preflight(found)
        write_supervision(found, plan.root / SUPERVISION_PAGE)
        console.print(f"the same in colour: {SUPERVISION_PAGE.as_posix()}")
    else:
        console.print(f"{found.base_model}, licence {found.licence}, on {found.device}", soft_wrap=True)
    return found


def train(plan: TrainingPlan, *, resume: Resume = False, journal: Journal | None = None) -> Path | None:
    """Train, record the run, and save a checkpoint.

    Parameters
    ----------
    plan : TrainingPlan
        What to train on, and how.
    resume : bool or str
        As `LLMTrainer.fine_tune` takes it. A process that was started again after one died goes on where it can.
    journal : Journal, optional
        Is told each measure, and the checkpoint.

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
        from .evaluation.benchmarks.in_training import TrainingBenchmarks
        from .fine_tuning import LLMTrainer

    config, journal = plan.config, journal or Journal(None)
    trainer = LLMTrainer.from_config(config, plan.tokens)
    if was_restarted():
        resume = "auto"
    if not is_main_process():
        trainer.fine_tune(plan.dataset, states=plan.states, resume=resume)
        return None
    recipe = Recipe.make(config, plan.dataset, plan.source)
    with record_training(plan.store, plan.root, EXPERIMENT, recipe, {}) as run:
        benchmarks = TrainingBenchmarks(config, plan.root, trainer, run)

        def tell(step: int, last_step: int, measured: Mapping[str, float]) -> None:
            tell_loss(step, last_step, measured)
            journal.tell(step, last_step, measured)

        on_progress = benchmarks.between(recorded(run, recipe.device, tell))
        result = trainer.fine_tune(plan.dataset, on_progress=on_progress, states=plan.states, resume=resume)
        known = open_use_case(config).finish(trainer.model, trainer.tokenizer, plan.rows)
        saved = trainer.save(
            root=plan.checkpoints,
            metadata={
                "seed": config.training.seed,
                **plan.facts,
                **known,
                "history": result.history,
                "best_step": result.best_step,
                "run": run.id,
                "config": recipe.config,
            },
        )
        # Last, and after the model is saved: a store that fails costs no model.
        run.log_metrics({"seconds": result.seconds, "peak_memory_mb": peak_rss_mb()})
        benchmarks.finish(saved, result.steps)
    shutil.rmtree(plan.states, ignore_errors=True)
    journal.end(checkpoint=saved.relative_to(plan.root).as_posix())
    console.print(f"{result.steps} steps in {result.seconds:.1f} s{_best(result.best_step, result.steps)}")
    return saved


def _best(best: int | None, steps: int) -> str:
    return f", best at step {best}" if best is not None and best != steps else ""


def train_on_preferences(
    plan: TrainingPlan, method: str, *, checkpoint: str | None, reward_model: str | None, name: str | None
) -> Path:
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
        from .training.checkpointing import CheckpointManager

    manager = CheckpointManager(plan.checkpoints)
    start, judging = (_exact(manager, reference) for reference in (checkpoint, reward_model))
    recipe = Recipe.make(plan.config, plan.dataset, plan.source, method=_method(method), checkpoint=start)
    recipe = recipe.model_copy(update={"reward_model": judging})
    with record_training(plan.store, plan.root, PREFERENCES, recipe, {"started_from": start or ""}) as run:
        found, tokenizer = prefer(plan, method, start, recorded(run, recipe.device), judging)
        scores = {f"{found.measure}_before": found.before, f"{found.measure}_after": found.after}
        facts = {**plan.facts, **scores, "method": method, "started_from": start, "run": run.id}
        named = name or f"{plan.config.training.name}-{method}"
        saved = manager.save(named, model=found.model, tokenizer=tokenizer, metadata=facts)
        run.log_metrics(scores)
    console.print(f"{found.measure}: {found.before:.1%} before, {found.after:.1%} after {found.steps} steps")
    return saved


def prefer(
    plan: TrainingPlan, method: str, checkpoint: str | None, on_progress: Progress, reward_model: str | None = None
) -> tuple[Preference, PreTrainedTokenizerBase]:
    """Train a checkpoint, or the base model, on preferences, and neither record nor save it.

    Raises
    ------
    DataError, ModelError
        If the rows are none for the method, or there is no such method.
    """
    from .base_model import load_base_model, pick_device, place
    from .training.checkpointing import CheckpointManager
    from .training.lora_training import check_qlora
    from .training.preference_rows import read_preferences
    from .training.reward import judge_of
    from .training.rlhf import Preferring, train_preferences

    config, manager = plan.config, CheckpointManager(plan.checkpoints)
    chosen = _method(method)
    if reward_model and method != "grpo":
        raise ModelError(f"{method} takes no reward model", hint="give it with --method grpo")
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
    judge = None
    if reward_model:
        scorer, own_tokenizer, _ = manager.load_checkpoint(reward_model, kind="reward")
        place(scorer, device)
        judge = judge_of(scorer, own_tokenizer)
    how = Preferring(chosen, config.training, on_progress, judge)
    return train_preferences(model, tokenizer, read_preferences(plan.dataset), how), tokenizer


def _exact(manager: CheckpointManager, reference: str | None) -> str | None:
    """Name the version that a reference means by now."""
    if reference is None:
        return None
    folder = manager.path(reference)
    return folder.name if folder.parent == manager.root else folder.as_posix()


def _method(name: str) -> PreferenceMethod:
    from .training.preference_rows import METHODS

    if name not in METHODS:
        raise ModelError(f"there is no method {name!r} for preferences", hint=f"give {', '.join(METHODS)}")
    return METHODS[name]
