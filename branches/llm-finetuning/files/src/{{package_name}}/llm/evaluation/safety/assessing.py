"""How safe a model is.

prompts → answers → refusals, hurting words, personal data
rows of training and rows kept from it → answers by heart, losses → what leaks
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ...data.examples import Row
from ...data.store import DatasetStore
from ...inference import generate
from ...pipeline import spread
from ..assessing import Assessor, Candidate, score_examples
from ..config import EvaluationConfig
from ..estimates import Label
from ..evaluator import LLMEvaluator
from ..records import Example, Score
from .config import EXPOSURE, SafetyConfig
from .detecting import Classifier, has_words, is_refusal, personal_data
from .leaks import chance_below, compare_samples, exposure, is_copied, share_more
from .prompts import Prompt, Prompts
from .records import Finding, SafetyReport, check_limits

_KEPT = 20
"""Findings of each measure."""


@dataclass
class _Found:
    """What is found as a model is asked."""

    scores: dict[str, Score] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    categories: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


class SafetyAssessor:
    """Asks a model, and judges its answers.

    Parameters
    ----------
    candidate : Candidate
        The model.
    config : SafetyConfig
        What it is asked.
    settings : EvaluationConfig
        How intervals are taken, and how many questions are asked at once.
    """

    def __init__(self, candidate: Candidate, config: SafetyConfig, settings: EvaluationConfig) -> None:
        self._candidate, self._config, self._settings = candidate, config, settings
        self._classifier = Classifier(config) if config.classifier else None

    def assess(self, prompts: Prompts, trained: Sequence[Row], kept: Sequence[Row]) -> SafetyReport:
        """Ask all.

        Parameters
        ----------
        prompts : Prompts
            What every model is asked.
        trained, kept : sequence of Row
            What this one was trained on, and what was kept from it.
        """
        found = _Found()
        self._ask_prompts(prompts, found)
        if trained and kept:
            self._ask_rows(trained, kept, found)
        else:
            found.remarks.append(
                "leaks were not looked for: nothing is known of what it was trained on; give --dataset"
            )
        self._measure_canaries(found)
        return SafetyReport(
            model=self._candidate.name,
            base_model=self._candidate.base_model,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            level=self._settings.level,
            scores=found.scores,
            checks=check_limits(found.scores, self._config.limits, self._settings.level),
            findings=tuple(one for some in found.findings.values() for one in some[:_KEPT]),
            counts={name: len(some) for name, some in found.findings.items() if some},
            categories=found.categories,
            remarks=tuple(found.remarks),
        )

    def _ask_prompts(self, prompts: Prompts, found: _Found) -> None:
        every: list[tuple[Prompt, str]] = []
        kinds = (
            ("harmful_refused", "Harmful requests refused", prompts.harmful),
            ("jailbreaks_refused", "Jailbreaks refused", prompts.jailbreaks),
            ("harmless_refused", "Harmless requests refused", prompts.harmless),
        )
        for name, label, asked in kinds:
            told = list(zip(asked, self._answers([prompt.text for prompt in asked]), strict=True))
            wanted = name != "harmless_refused"
            refused = [is_refusal(answer, self._config.refusals) for _, answer in told]
            fault = "not refused" if wanted else "refused"
            self._note(found, name, Label(label, wanted), told, [(one, fault * (one != wanted)) for one in refused])
            every += told
        every += zip(prompts.personal, self._answers([one.text for one in prompts.personal]), strict=True)
        given = [", ".join(sorted(personal_data(answer, prompt.text))).lower() for prompt, answer in every]
        personal = Label("Answers with personal data", greater_is_better=False)
        self._note(found, "personal_data", personal, every, [(bool(one), one) for one in given])
        hurting = self._hurting([answer for _, answer in every], prompts)
        toxic = Label("Toxic answers", greater_is_better=False)
        self._note(found, "toxic", toxic, every, [(bool(why), why) for why in hurting])
        empty = sum(not answer for _, answer in every)
        if empty:
            found.remarks.append(f"{empty} of {len(every)} answers are empty: they are neither refusals nor harmful")

    def _hurting(self, answers: Sequence[str], prompts: Prompts) -> list[str]:
        """Say of each answer what found it toxic, if anything did."""
        listed = [has_words(answer, prompts.hurting) for answer in answers]
        judged = self._classifier.find(answers) if self._classifier else [False] * len(answers)
        return [
            "a word of the list" if has else "the classifier" if is_toxic else ""
            for has, is_toxic in zip(listed, judged, strict=True)
        ]

    def _note(
        self,
        found: _Found,
        name: str,
        label: Label,
        asked: Sequence[tuple[Prompt, str]],
        judged: Sequence[tuple[bool, str]],
    ) -> None:
        """Note for each answer whether it is what the measure counts, and why it should be another one."""
        examples = [
            Example(question=prompt.text, expected="", answer=answer, group=prompt.group, scores={name: float(counts)})
            for (prompt, answer), (counts, _) in zip(asked, judged, strict=True)
        ]
        found.scores |= score_examples(examples, {name: label}, self._settings)
        found.findings[name] = [
            Finding(measure=name, category=prompt.category, prompt=prompt.text, answer=answer, detail=why)
            for (prompt, answer), (_, why) in zip(asked, judged, strict=True)
            if why
        ]
        counted: dict[str, tuple[int, int]] = {}
        for (prompt, _), (counts, _) in zip(asked, judged, strict=True):
            positive, total = counted.get(prompt.category, (0, 0))
            counted[prompt.category] = positive + counts, total + 1
        found.categories[name] = counted

    def _ask_rows(self, trained: Sequence[Row], kept: Sequence[Row], found: _Found) -> None:
        """Ask what it was trained on and what was kept from it alike: only the difference tells of memory."""
        samples = self._samples(trained), self._samples(kept)
        found.scores["leaked"] = compare_samples(
            samples, "leaked", share_more, "Rows of training told by heart, more than others", self._settings
        )
        found.scores["membership"] = compare_samples(
            samples, "nats", chance_below, "Membership told by the loss (AUC)", self._settings
        )
        if not (found.scores["leaked"].low or 0) > 0:
            return  # what it says of all rows alike is no memory of some
        found.findings["leaked"] = [
            Finding(measure="leaked", category=one.group, prompt=one.question, answer=one.answer, detail=one.expected)
            for one in samples[0]
            if one.scores["leaked"]
        ]

    def _samples(self, rows: Sequence[Row]) -> list[Example]:
        rows = [rows[number] for number in spread(rows, self._config.rows)]
        answers = self._answers([row.question for row in rows])
        losses = self._evaluator().losses(self._candidate.model, self._candidate.tokenizer, rows)
        return [
            Example(
                question=row.question,
                expected=row.answer,
                answer=answer,
                group=row.document,
                scores={
                    "leaked": float(is_copied(answer, row.answer, row.question, self._config.words)),
                    "nats": nats / max(tokens, 1),
                },
            )
            for row, answer, (nats, tokens) in zip(rows, answers, losses, strict=True)
        ]

    def _measure_canaries(self, found: _Found) -> None:
        if not self._config.canaries:
            return
        measured = {
            canary[0]: exposure(
                self._evaluator(), self._candidate.model, self._candidate.tokenizer, canary, self._config.draws
            )
            for canary in self._config.canaries.items()
        }
        worst = max(measured, key=lambda prompt: measured[prompt])
        found.scores[EXPOSURE] = Score(
            value=measured[worst],
            low=None,
            high=None,
            label="Exposure of a canary, in bits",
            greater_is_better=False,
            rows=1,
            groups=1,
        )
        limit = self._config.limits.get(EXPOSURE)
        found.findings[EXPOSURE] = [
            Finding(measure=EXPOSURE, category="canary", prompt=prompt, answer="", detail=f"{bits:.1f} bits")
            for prompt, bits in measured.items()
            if limit is not None and bits > limit
        ]

    def _answers(self, prompts: Sequence[str]) -> list[str]:
        return generate(
            self._candidate.model,
            self._candidate.tokenizer,
            [("", prompt) for prompt in prompts],
            max_new_tokens=self._config.max_new_tokens,
            batch_size=self._settings.batch_size,
        )

    def _evaluator(self) -> LLMEvaluator:
        return LLMEvaluator(batch_size=self._settings.batch_size)


def rows_by_training(assessor: Assessor, candidate: Candidate) -> tuple[list[Row], list[Row]]:
    """Give the rows that a checkpoint was trained on, and those that were kept from it; none where it does not say."""
    settings, trained = assessor.settings, candidate.trained
    datasets = DatasetStore(settings.root / "datasets")
    named = str(assessor.dataset or trained.get("dataset") or "")
    if assessor.dataset or (named and datasets.versions(named.partition("@")[0])):
        splits = datasets.get(named).splits()
        return list(splits.train), list(splits.test)
    documents = trained.get("documents")
    if not isinstance(documents, dict) or not documents.get("train") or not documents.get("test"):
        return [], []
    rows = assessor.use_case.prepare(settings.source).rows(seed=trained.get("seed", settings.config.training.seed))
    first, second = ([row for row in rows if row.document in set(documents[name])] for name in ("train", "test"))
    return first, second
