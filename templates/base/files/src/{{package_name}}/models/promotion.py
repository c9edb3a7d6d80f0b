"""The promotion gate: a candidate replaces the champion only if it is good enough, and better beyond chance.

candidate and champion on the test split → thresholds → paired comparison → decision, stored with its reason
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from ..logs import get_logger
from ..tracking.store import Tracking
from .bootstrap import Difference, Estimate, compare, estimate
from .config import PromotionConfig
from .errors import ModelError
from .metrics import Metric, Predictions
from .registry import (
    CHALLENGER,
    CHAMPION,
    Loaded,
    Version,
    drop_alias,
    find_version,
    list_versions,
    load_version,
    set_alias,
    set_tags,
)
from .target import groups_of, predict_rows
from .training import fit
from .workspace import Workspace

if TYPE_CHECKING:
    from ..data import DataCard, Splits

_log = get_logger(__name__)

_WAIT = 300.0
_DECISION = "decision"
_UNFAIR = "has learned from another state of the source, and may know rows of this test"
_FAIRER = "for a source that grows, set split: {method: hash} in conf/data.yaml"


class Check(BaseModel):
    """One condition of the gate."""

    model_config = ConfigDict(frozen=True)

    name: str
    passed: bool
    detail: str


class Decision(BaseModel):
    """What the gate decided, and why.

    Attributes
    ----------
    champion
        The version that it was compared with; None if that was the baseline, as there was no champion.
    forced
        Whether a person overruled the gate.
    comparison
        On the test split, by the first metric.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    candidate: int
    champion: int | None
    promoted: bool
    forced: bool
    reason: str
    metric: str
    checks: list[Check]
    scores: dict[str, Estimate]
    comparison: Difference | None
    input_sha256: str
    decided: datetime


def promote(workspace: Workspace, model: str, reference: str = CHALLENGER, force: str | None = None) -> Decision:
    """Decide about a version, and make it the champion if the gate lets it.

    Parameters
    ----------
    reference
        A number or an alias.
    force
        A person's reason to promote it whatever the gate says, such as a roll-back.

    Raises
    ------
    ModelError
        If there is no such version, it is the champion already, or its file is not the one that was registered.
    """
    candidate = find_version(workspace.tracking, model, reference)
    return settle(workspace.tracking, candidate, lambda champion: _decide(workspace, candidate, champion, force))


def settle(tracking: Tracking, candidate: Version, decide: Callable[[Version | None], Decision]) -> Decision:
    """Keep a decision about a version, and carry it out. Of two that decide about one model at once, one waits.

    Parameters
    ----------
    decide
        Takes the champion that there is. It is asked again if that changes meanwhile.

    Raises
    ------
    ModelError
        If the version is the champion already.
    LockedError
        If the other decision does not end.
    """
    with tracking.lock(candidate.model, _WAIT):
        return _settle(tracking, candidate, decide)


def withdraw(tracking: Tracking, challenger: Version, decision: Decision) -> bool:
    """Take a challenger out of use, and keep the decision with its reason.

    Returns
    -------
    bool
        Whether it still was the challenger: another may have been faster.
    """
    with tracking.lock(challenger.model, _WAIT):
        holder = _holder(tracking, challenger.model, CHALLENGER)
        if holder is None or holder.number != challenger.number:
            return False
        _store(tracking, challenger, decision)
        drop_alias(tracking, challenger.model, CHALLENGER)
    _log.warning("challenger withdrawn", model=decision.model, version=decision.candidate, reason=decision.reason)
    return True


def decisions(tracking: Tracking, model: str) -> list[Decision]:
    """List the last decision about each version of a model, the newest first."""
    found = [version.tags.get(_DECISION) for version in list_versions(tracking, model)]
    read = [Decision.model_validate_json(text) for text in found if text]
    return sorted(read, key=lambda decision: decision.decided, reverse=True)


def check_thresholds(
    scores: dict[str, Estimate], metrics: dict[str, Metric], thresholds: dict[str, float]
) -> list[Check]:
    """Hold a candidate to what it must reach whatever the champion does."""
    checks = []
    for name, limit in thresholds.items():
        value, sign = scores[name].value, metrics[name].sign
        passed = value is not None and sign * value >= sign * limit
        detail = f"{scores[name]}, must be {'at least' if sign > 0 else 'at most'} {limit:g}"
        checks.append(Check(name=f"threshold of {name}", passed=passed, detail=detail))
    return checks


def check_gain(metric: str, difference: Difference, rules: PromotionConfig, against: str) -> list[Check]:
    """Hold a candidate to being better, and beyond chance, than what `against` names."""
    gain = f"better by {difference.value:.4g} in {metric} than {against}, must be more than {rules.least_gain:g}"
    chance = f"p = {difference.p_value:.4f}, must be at most {rules.significance:g}"
    return [
        Check(name="gain", passed=difference.value > rules.least_gain, detail=gain),
        Check(name="significance", passed=difference.p_value <= rules.significance, detail=chance),
    ]


def _settle(tracking: Tracking, candidate: Version, decide: Callable[[Version | None], Decision]) -> Decision:
    champion = _holder(tracking, candidate.model, CHAMPION)
    while True:
        if champion and champion.number == candidate.number:
            raise ModelError(f"{candidate} is the champion already", hint="`models list` prints the other versions")
        decision = decide(champion)
        compared, champion = champion, _holder(tracking, candidate.model, CHAMPION)
        if (champion and champion.number) == (compared and compared.number):
            break
        _log.warning("another machine promoted meanwhile", model=candidate.model)
    _store(tracking, candidate, decision)
    if decision.promoted:
        set_alias(tracking, candidate, CHAMPION)
        challenger = _holder(tracking, candidate.model, CHALLENGER)
        if challenger and challenger.number == candidate.number:
            drop_alias(tracking, candidate.model, CHALLENGER)
    _log.info(
        "promotion decided",
        model=decision.model,
        candidate=decision.candidate,
        champion=decision.champion,
        promoted=decision.promoted,
        reason=decision.reason,
    )
    return decision


def _holder(tracking: Tracking, model: str, alias: str) -> Version | None:
    return next((version for version in list_versions(tracking, model) if alias in version.aliases), None)


def _decide(workspace: Workspace, candidate: Version, champion: Version | None, force: str | None) -> Decision:
    loaded = load_version(workspace.tracking, candidate, workspace.models.trusted)
    splits = workspace.splits(candidate.model)
    card, measuring = splits.card, workspace.measuring(splits.card.task)
    metrics = dict(measuring.metrics)
    name, first = measuring.first
    resampling = measuring.resampling(groups_of(splits.test, card))
    rows = _predict(loaded, splits)
    scores = estimate(rows, metrics, resampling)
    difference, checks, reason = None, [], force or ""
    if not force:
        rival = load_version(workspace.tracking, champion, workspace.models.trusted) if champion else None
        difference = compare(rows, _opponent(loaded, rival, splits), first, resampling)
        against = f"version {champion.number}" if champion else "the baseline"
        checks = check_thresholds(scores, metrics, workspace.task(card.task).thresholds)
        checks += check_gain(name, difference, workspace.models.promotion, against)
        failed = [f"{check.name}: {check.detail}" for check in checks if not check.passed]
        gain = f"better than {against} by {difference.value:.4g} in {name} (p = {difference.p_value:.4f})"
        reason = "; ".join(failed) or f"all thresholds hold, and {gain}"
        for one in filter(None, (loaded, rival)):
            if _divided_anew(one.description.card, card):
                _log.warning(f"{one.version} {_UNFAIR}", hint=_FAIRER)
                reason += f"; but {one.version} {_UNFAIR}: {_FAIRER}"
    return Decision(
        model=candidate.model,
        candidate=candidate.number,
        champion=champion.number if champion else None,
        promoted=bool(force) or all(check.passed for check in checks),
        forced=bool(force),
        reason=reason,
        metric=name,
        checks=checks,
        scores=scores,
        comparison=difference,
        input_sha256=card.input_sha256,
        decided=datetime.now(UTC),
    )


def _divided_anew(then: DataCard, now: DataCard) -> bool:
    """Whether the rows of a source were divided anew since. Labelled predictions that were added change no split."""
    sources = {card.source_sha256 or card.input_sha256 for card in (then, now)}
    return len(sources) > 1 and now.split.method in {"random", "stratified", "group"}


def _opponent(candidate: Loaded, champion: Loaded | None, splits: Splits) -> Predictions:
    """Predict with the champion, or with what knows nothing but the target where there is no champion yet."""
    if champion:
        return _predict(champion, splits)
    recipe = candidate.description.recipe.model_copy(
        update={"algorithm": "baseline", "parameters": {}, "calibration": "none"}
    )
    return predict_rows(fit(recipe, splits.train, splits.card), splits.test, splits.card)


def _predict(loaded: Loaded, splits: Splits) -> Predictions:
    inputs = loaded.description.signature.check(splits.test)
    target = splits.card.target
    return predict_rows(loaded.pipeline, inputs.assign(**{target: splits.test[target]}), splits.card)


def _store(tracking: Tracking, candidate: Version, decision: Decision) -> None:
    """Keep a decision before it takes effect: the last as a tag of the version, each as a file of its run."""
    text = decision.model_dump_json(indent=2)
    tracking.log_text(candidate.run_id, text, f"decisions/{decision.decided:%Y%m%dT%H%M%S%f}.json")
    set_tags(tracking, candidate, {_DECISION: text, "decision_reason": decision.reason})
