"""Who is told what experiments see: a base class that takes no notice, and the numbers that Prometheus reads."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from .records import Experiment, Feedback
from .rows import Answer

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Watch:
    """Is told what is kept of experiments."""

    def answered(self, answer: Answer) -> None:
        """Take an answer that was kept."""

    def judged(self, experiment: str, variant: str, given: Feedback) -> None:
        """Take feedback that was kept."""

    def dropped(self, experiment: str) -> None:
        """Take a request that its shadow was too busy for."""

    def stand(self, experiments: Sequence[Experiment]) -> None:
        """Take all experiments as they are now."""


class ExperimentMetrics(Watch):
    """Numbers of one application. Whoever is asked is named nowhere: labels are experiments and variants."""

    def __init__(self, registry: CollectorRegistry) -> None:
        arm = ("experiment", "variant")

        def counter(name: str, text: str, labels: tuple[str, ...]) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def gauge(name: str, text: str) -> Gauge:  # each worker reads the same from the store
            return Gauge(name, text, arm, multiprocess_mode="mostrecent", registry=registry)

        self._answers = counter("llm_experiment_answers", "Answers of a variant, and how they ended", (*arm, "outcome"))
        self._seconds = Histogram(
            "llm_experiment_answer_seconds", "Seconds of whole answers", arm, buckets=_SECONDS, registry=registry
        )
        self._feedback = counter("llm_experiment_feedback", "Feedback on answers of a variant", (*arm, "said"))
        self._dropped = counter("llm_experiment_dropped", "Requests that shadows were too busy for", ("experiment",))
        self._share = gauge("llm_experiment_share", "Share of the requests that a variant is meant to get, from 0 to 1")
        self._stopped = gauge("llm_experiment_stopped", "1 where a guardrail has stopped a variant")
        self._known: set[tuple[str, str]] = set()

    def answered(self, answer: Answer) -> None:
        """Count an answer."""
        outcome = "failed" if answer.failed else "refused" if answer.refused else "answered"
        self._answers.labels(answer.experiment, answer.variant, outcome).inc()
        if not answer.failed:
            self._seconds.labels(answer.experiment, answer.variant).observe(answer.seconds)

    def judged(self, experiment: str, variant: str, given: Feedback) -> None:
        """Count each thing that was said."""
        said = {
            "up": given.thumb == "up",
            "down": given.thumb == "down",
            "score": given.score is not None,
            "preferred": given.preferred_to is not None,
            "tied": given.tied_with is not None,
            "expected": given.expected is not None,
            "comment": bool(given.comment),
        }
        for name in (name for name, is_said in said.items() if is_said):
            self._feedback.labels(experiment, variant, name).inc()

    def dropped(self, experiment: str) -> None:
        """Count a request."""
        self._dropped.labels(experiment).inc()

    def stand(self, experiments: Sequence[Experiment]) -> None:
        """Show the shares as they are, those of stopped variants with the first one."""
        known: set[tuple[str, str]] = set()
        for one in experiments:
            for variant, share in one.shares().items():
                known.add((one.name, variant))
                self._share.labels(one.name, variant).set(share)
                self._stopped.labels(one.name, variant).set(variant in one.stopped)
        for gone in self._known - known:
            self._share.remove(*gone)
            self._stopped.remove(*gone)
        self._known = known
