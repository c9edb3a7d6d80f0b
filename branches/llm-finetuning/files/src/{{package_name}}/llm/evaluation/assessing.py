"""From a checkpoint to a report of how good it is.

checkpoint, questions → answers → scores of each → intervals → report
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..asked import rows_to_ask
from ..data.examples import Row
from ..options import Settings, load_model
from ..tracking import Source
from ..training.checkpoint_names import label_of
from .config import EvaluationConfig
from .estimates import LOSS, Label, estimate_scores, resampling_of
from .forgetting import BASE_TASK, ask_base_task, base_task_rows
from .measures import find_text_metrics
from .records import EvaluationReport, Example, Score, examples_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from ..use_case import Evaluated, UseCase


@dataclass(frozen=True)
class Candidate:
    """A checkpoint that is loaded.

    Attributes
    ----------
    model : PreTrainedModel or PeftModel
        In evaluation mode or not; it stays so.
    facts : mapping
        As `CheckpointManager.load_checkpoint` gives them.
    """

    model: Any
    tokenizer: PreTrainedTokenizerBase
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The checkpoint with its version."""
        return label_of(self.facts)

    @property
    def base_model(self) -> str:
        """What was tuned, or nothing where it was not saved."""
        return str(self.facts.get("base_model") or "")

    @property
    def trained(self) -> Mapping[str, Any]:
        """What it knows of its training."""
        found: Mapping[str, Any] = self.facts["metadata"]
        return found


@dataclass(frozen=True)
class Assessor:
    """How checkpoints are asked and scored.

    Attributes
    ----------
    use_case : UseCase
        What they are tuned for.
    settings : Settings
        Those of the command.
    dataset : str or None
        A version of a dataset, whose test split is asked in place of the source.
    documents : Path or None
        What rows are made from, if not from the project's; then all of it is asked.
    """

    use_case: UseCase
    settings: Settings
    dataset: str | None = None
    documents: Path | None = None

    @property
    def asked(self) -> str:
        """Where questions are from."""
        return self.dataset or str(Source.of_documents(self.settings.source, self.settings.root))

    def open(self, checkpoint: str | None) -> Candidate:
        """Load a checkpoint, or the latest of those that are trained by default."""
        return Candidate(*load_model(checkpoint, self.settings.config, self.settings.root))

    def questions(self, first: Mapping[str, Any], *others: Mapping[str, Any]) -> list[Row]:
        """Find what was kept from all checkpoints of which the facts are given.

        Raises
        ------
        DataError
            If there is nothing to ask.
        """
        return rows_to_ask(self.use_case, first, self.settings, self.dataset, self.documents, *others)

    def assess(self, candidate: Candidate, rows: Sequence[Row]) -> tuple[EvaluationReport, Evaluated]:
        """Ask a model all questions, and score the answers by the measures of the use case and the configuration.

        Raises
        ------
        DataError, ModelError, PluginError
            If a metric is unknown, or what it needs is not there.
        """
        config, named = self.settings.config, self.use_case.wording.measures
        settings = config.evaluation
        # First, so that a metric that can't be had is told before a model is asked for long.
        metrics = find_text_metrics(settings.metrics, settings.embedding_model, config.model.device)
        evaluated = self.use_case.evaluate(candidate.model, candidate.tokenizer, candidate.trained, rows)
        each = {**evaluated.each}
        labels = {name: Label(named[name]) for name in each}
        for name, metric in metrics.items():
            if name not in each:
                each[name] = list(metric.function(evaluated.answers, rows))
                labels[name] = Label(metric.label, metric.greater_is_better, metric.is_share)
        examples = examples_of(rows, evaluated.answers, each, evaluated.losses)
        scores = score_examples(examples, {**labels, LOSS: Label("Eval loss", False, False)}, settings)
        groups = scores[LOSS].groups
        for name, value in evaluated.scores().items():
            if name not in scores:  # no mean over the answers: the tables of the use case have its interval
                scores[name] = Score(value=value, low=None, high=None, label=named[name], rows=len(rows), groups=groups)
        base_task, found = self._base_task(candidate)
        report = EvaluationReport(
            model=candidate.name,
            asked=self.asked,
            use_case=self.use_case.name,
            row=self.use_case.wording.row,
            group=self.use_case.wording.group,
            base_model=candidate.base_model or config.model.base_model,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            level=settings.level,
            scores={**scores, **found},
            empty=sum(not answer.strip() for answer in evaluated.answers),
            examples=examples,
            base_task=base_task,
        )
        return report, evaluated

    def _base_task(self, candidate: Candidate) -> tuple[tuple[Example, ...], dict[str, Score]]:
        """Find out what a model has forgotten; of an adapter, what its base model knows too."""
        config, root = self.settings.config, self.settings.root
        settings = config.evaluation
        file = None if settings.base_task is None else root / settings.base_task
        rows = base_task_rows(candidate.base_model or config.model.base_model, file, candidate.tokenizer)
        if not rows:
            return (), {}
        examples = ask_base_task(candidate.model, candidate.tokenizer, rows, settings.batch_size)
        found = score_examples(examples, {BASE_TASK: Label("Base task")}, settings)
        if candidate.facts["kind"] == "adapter":
            with candidate.model.disable_adapter():
                before = ask_base_task(candidate.model, candidate.tokenizer, rows, settings.batch_size)
            known = score_examples(before, {BASE_TASK: Label("Base task, untuned")}, settings)
            found["base_task_untuned"] = known[BASE_TASK]
        return examples, found


def score_examples(
    examples: Sequence[Example], labels: Mapping[str, Label], settings: EvaluationConfig
) -> dict[str, Score]:
    """Score examples with intervals, as the configuration has them."""
    resampling = resampling_of(examples, samples=settings.samples, level=settings.level, seed=0)
    return estimate_scores(examples, labels, resampling, settings.precision)
