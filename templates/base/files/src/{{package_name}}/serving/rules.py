"""Promotion and withdrawal by rule: champion and challenger compared on what turned out to be true.

labelled predictions → the same gate as for the test split → decision, stored with its reason
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from ..models.bootstrap import Difference, Resampling, compare, estimate
from ..models.metrics import Metric, Predictions
from ..models.promotion import Check, Decision, check_gain, check_thresholds
from ..models.signature import Signature
from ..models.workspace import Workspace
from ..monitoring.predictions import SHADOW, Outcome, PredictionLog
from .config import RulesConfig, TrafficConfig
from .loading import Slot
from .predictor import Predictor

Pair = tuple[Predictions, Predictions]


def judge(
    workspace: Workspace, slot: Slot, log: PredictionLog, traffic: TrafficConfig, rules: RulesConfig
) -> Decision | None:
    """Decide about a challenger by its live labels.

    Returns
    -------
    Decision or None
        To promote it, or to withdraw it; None as long as there are too few labels, or no difference beyond chance.
    """
    champion, challenger = slot.champion, slot.challenger
    if champion is None or challenger is None:
        return None
    found = live_outcomes(log, champion, challenger, traffic, rules)
    if found is None:
        return None
    theirs, ours = found
    task = challenger.loaded.description.signature.task
    measuring, promotion = workspace.measuring(task), workspace.models.promotion
    name, metric = measuring.first
    resampling = measuring.resampling(None)
    ask = compare if traffic.mode == "shadow" else compare_apart
    better = metric.sign * (metric.function(theirs) - metric.function(ours)) > 0
    shown = ask(theirs, ours, metric, resampling) if better else ask(ours, theirs, metric, resampling)
    if shown.p_value > promotion.significance or (better and not rules.promote):
        return None
    reason = (
        f"on {len(theirs)} labelled predictions {'better' if better else 'worse'} than {champion.version}"
        f" by {shown.value:.4g} in {name} (p = {shown.p_value:.4f})"
    )
    decision = decide(slot, promoted=better, reason=reason, metric=name)
    if not better:
        return decision
    scores = estimate(theirs, dict(measuring.metrics), resampling)
    checks = check_thresholds(scores, dict(measuring.metrics), workspace.task(task).thresholds)
    checks += check_gain(name, shown, promotion, str(champion.version))
    if not all(check.passed for check in checks):
        return None
    return decision.model_copy(update={"checks": checks, "scores": scores, "comparison": shown})


def decide(slot: Slot, *, promoted: bool, reason: str, metric: str = "") -> Decision:
    """Write down a decision about the challenger of a model.

    Raises
    ------
    ValueError
        If there is no challenger.
    """
    if slot.challenger is None:
        raise ValueError(f"{slot.name} has no challenger")
    return Decision(
        model=slot.name,
        candidate=slot.challenger.version.number,
        champion=slot.champion.version.number if slot.champion else None,
        promoted=promoted,
        forced=False,
        reason=reason,
        metric=metric,
        checks=[Check(name="in use", passed=promoted, detail=reason)],
        scores={},
        comparison=None,
        input_sha256=slot.challenger.loaded.description.card.input_sha256,
        decided=datetime.now(UTC),
    )


def live_outcomes(
    log: PredictionLog, champion: Predictor, challenger: Predictor, traffic: TrafficConfig, rules: RulesConfig
) -> Pair | None:
    """Read what both said and what was true, the challenger first; the same rows where it was a shadow.

    Returns
    -------
    tuple or None
        None if there are too few labels of one of them.
    """
    model, most = champion.version.model, rules.most_labels
    shadow = traffic.mode == "shadow"
    theirs = log.outcomes(model, challenger.version.number, "shadow" if shadow else "challenger", most)
    if len(theirs) < rules.least_labels:
        return None
    ours = log.outcomes(model, champion.version.number, "champion", most)
    if shadow:
        both = [name for name in ours if name + SHADOW in theirs]
        ours, theirs = {n: ours[n] for n in both}, {n: theirs[n + SHADOW] for n in both}
    pair = _predictions(challenger, theirs), _predictions(champion, ours)
    return pair if min(map(len, pair)) >= rules.least_labels else None


def _predictions(predictor: Predictor, outcomes: Mapping[str, Outcome]) -> Predictions:
    signature = predictor.loaded.description.signature
    if signature.task == "regression":
        rows = [(one.label, one.prediction) for one in outcomes.values()]
        truth, said = np.array(rows, dtype=np.float64).reshape(-1, 2).T
        return Predictions(truth, said, np.empty((len(rows), 0)))
    return _classified(signature, list(outcomes.values()))


def _classified(signature: Signature, outcomes: Sequence[Outcome]) -> Predictions:
    names = [str(name) for name in signature.classes]
    numbers = {name: number for number, name in enumerate(names)}
    truth = np.array([numbers[str(one.label)] for one in outcomes], dtype=np.int64)
    said = np.array([numbers[str(one.prediction)] for one in outcomes], dtype=np.int64)
    chances = [[(one.probabilities or {}).get(name, 0.0) for name in names] for one in outcomes]
    return Predictions(truth, said, np.array(chances, dtype=np.float64).reshape(len(outcomes), len(names)))


def compare_apart(candidate: Predictions, champion: Predictions, metric: Metric, resampling: Resampling) -> Difference:
    """Ask whether a candidate is better than a champion, each on rows of its own: both are drawn anew by themselves."""
    other = replace(resampling, seed=resampling.seed + 1)
    theirs = [metric.function(candidate.take(drawn)) for drawn in resampling.draws(len(candidate))]
    ours = [metric.function(champion.take(drawn)) for drawn in other.draws(len(champion))]
    values = metric.sign * (np.array(theirs) - np.array(ours))
    values = values[np.isfinite(values)]
    value = metric.sign * (metric.function(candidate) - metric.function(champion))
    if not len(values) or not np.isfinite(value):
        return Difference(value=0.0, low=0.0, high=0.0, p_value=1.0)
    low, high = resampling.interval(values)
    return Difference(value=value, low=low, high=high, p_value=(1 + int(np.sum(values <= 0))) / (1 + len(values)))
