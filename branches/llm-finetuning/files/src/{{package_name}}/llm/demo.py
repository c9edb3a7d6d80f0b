"""The whole pipeline on a small scale, ending with a tuned model and a report of before and after.

source → rows → splits → base model → scores before → adapter → scores after → checkpoint → answers from it → report
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..tracking.config import TrackingConfig
from ..tracking.responses import log_responses
from .config import LLMConfig
from .console import console, tell_loss
from .data.examples import Row
from .errors import ModelError
from .pipeline import golden_prompts, spread
from .process import Stopwatch, import_training_stack, peak_rss_mb
from .use_case import open_use_case

REPORT_FOLDER = Path("reports/demo-llm-finetuning")
EXPERIMENT = "demo-llm-finetuning"
SAMPLES = 10


def run_demo(config: LLMConfig, *, root: Path, source: Path, store: TrackingConfig) -> dict[str, Any]:
    """Tune the base model for the project's use case and write the report.

    Parameters
    ----------
    config : LLMConfig
        How to tune; the seed is in its training section.
    root : Path
        Folder of the project: checkpoints and reports go below it.
    source : Path
        What rows are made from: for question answering a folder of documents.
    store : TrackingConfig
        Where the run is recorded.

    Returns
    -------
    dict
        The content of ``report.json``.

    Raises
    ------
    DataError
        If the source cannot be trained on.
    """
    watch, seed, use_case = Stopwatch(), config.training.seed, open_use_case(config)
    (measure, label), wording = next(iter(use_case.wording.measures.items())), use_case.wording
    with watch.stage("data"):
        material = use_case.prepare(source)
        material.tell()
        splits = material.split(seed=seed)
        told = use_case.check([row for rows in splits.values() for row in rows])
        most = config.evaluation.max_questions or len(splits.test)
        test = [splits.test[number] for number in spread(splits.test, most)]
    with watch.stage("imports"), console.status("loading PyTorch, Transformers, PEFT and TRL"):
        import_training_stack()
        from .fine_tuning import LLMTrainer
        from .report import write_report
        from .tracking import Recipe, Source, record_training, recorded

    recipe = Recipe.make(config, splits, Source.of_documents(source, root))
    with record_training(store, root, EXPERIMENT, recipe, {}) as run:
        with watch.stage("base model"):
            trainer = LLMTrainer.from_config(config)
        with watch.stage("evaluation before"), console.status(f"asking the base model {len(test)} {wording.row}s"):
            base = use_case.evaluate(trainer.model, trainer.tokenizer, told, test)
        before = f"before: {label.lower()} {base.scores()[measure]:.1%}"
        console.print(f"{before} on {len(test)} {wording.row}s about unseen {wording.group}s")

        with watch.stage("training"):
            result = trainer.fine_tune(dataset=splits, on_progress=recorded(run, recipe.device, tell_loss))
        with watch.stage("evaluation after"), console.status(f"asking the tuned model {len(test)} {wording.row}s"):
            known = use_case.finish(trainer.model, trainer.tokenizer, splits)
            tuned = use_case.evaluate(trainer.model, trainer.tokenizer, known, test)
        console.print(f"after: {label.lower()} {tuned.scores()[measure]:.1%}")

        with watch.stage("checkpoint"):
            facts = {
                "seed": seed,
                "documents": splits.documents(),
                "golden": golden_prompts(splits.validation),
                **known,
                "base": base.scores(),
                "tuned": tuned.scores(),
                "run": run.id,
                "config": recipe.config,
            }
            saved = trainer.save(root=root / "checkpoints", metadata=facts)
        chosen = spread(test, SAMPLES)
        samples = [_sample(test[index], base.answers[index], tuned.answers[index]) for index in chosen]
        with watch.stage("generation"):
            check_checkpoint(saved, config, test, tuned.answers)

        report = {
            "seed": seed,
            "base_model": config.model.base_model,
            "documents": {name: len(names) for name, names in splits.documents().items()},
            "pairs": {name: len(pairs) for name, pairs in splits.items()},
            "skipped": material.skipped,
            "base": base.scores(),
            "tuned": tuned.scores(),
            "seconds": {name: round(seconds, 2) for name, seconds in watch.seconds.items()},
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "checkpoint": saved.relative_to(root).as_posix(),
            "steps": result.steps,
            "trainable_parameters": result.trainable_parameters,
            "parameters": result.parameters,
            "history": result.history,
            "samples": samples,
            "tables": [asdict(table) for table in tuned.tables(test)],
        }
        run.log_metrics({f"base_{name}": score for name, score in base.scores().items()})
        run.log_metrics({f"tuned_{name}": score for name, score in tuned.scores().items()})
        log_responses(run, [*base.responses(test, "base"), *tuned.responses(test, "tuned")])
        folder = root / REPORT_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        write_report(report, folder, wording)
        run.log_folder(folder, "report")
    return report


def check_checkpoint(saved: Path, config: LLMConfig, pairs: Sequence[Row], answers: Sequence[str]) -> None:
    """Load a checkpoint as a user would, and make sure that it answers as the model did that was saved in it.

    Raises
    ------
    ModelError
        If an answer differs.
    """
    from .base_model import pick_device, place
    from .training.checkpointing import CheckpointManager

    model, tokenizer, facts = CheckpointManager(saved.parent).load_checkpoint(saved, precision=config.model.precision)
    place(model, pick_device(config.model.device))
    found = open_use_case(config).evaluate(model, tokenizer, facts["metadata"], pairs)
    for pair, before, after in zip(pairs, answers, found.answers, strict=True):
        if before != after:
            raise ModelError(
                f"{saved.name} answers {pair.question!r} with {after!r}, the model saved in it with {before!r}",
                hint="compare the versions of peft and transformers with those in its metadata.json",
            )


def _sample(pair: Row, base: str, tuned: str) -> dict[str, str]:
    return {
        "question": pair.question,
        "context": pair.context,
        "expected": pair.answer,
        "base": base,
        "tuned": tuned,
        "document": pair.document,
    }
