"""What the rule of an experiment makes of differences: better, worse, a winner, or not yet."""

from __future__ import annotations

import time
from collections.abc import Sequence

from .config import ExperimentConfig
from .records import Experiment
from .summary import Comparison, Outcome


def judge(found: Comparison, p_value: float, experiment: Experiment) -> Comparison:
    """Say whether a variant is better or worse, or at least not worse by as much as matters.

    Where it need not be better, a variant is worse only if it is so by more than what matters.
    """
    config = experiment.config
    told: dict[str, float | str] = {"p_value": p_value}
    if found.difference is None or found.low is None or found.high is None or found.users < config.rule.min_users:
        return found.model_copy(update=told)
    sign, effect = (1 if config.metric.greater_is_better else -1), config.metric.smallest_effect
    worst, best = sorted((sign * found.low, sign * found.high))
    differs, gains = p_value <= experiment.level, sign * found.difference > 0
    if differs and gains:
        told["verdict"] = "better"
    elif (differs and _wants_better(config)) or best < -effect:
        told["verdict"] = "worse"
    elif worst > -effect:
        told["verdict"] = "not-worse"
    return found.model_copy(update=told)


def verdict(comparisons: Sequence[Comparison], experiment: Experiment) -> tuple[Outcome, str, str]:
    """Apply the rule: enough users and hours, guardrails intact, significance."""
    config = experiment.config
    left = [one for one in comparisons if one.variant not in experiment.stopped]
    if not left:
        return "no-variant-left", config.control.name, "guardrails have stopped every other variant"
    waiting = _missing(left, experiment)
    if waiting:
        return "undecided", "", f"undecided: {waiting}"
    accepted = {"better"} if _wants_better(config) else {"better", "not-worse"}
    good = [one for one in left if one.verdict in accepted]
    if good:
        best = max(good, key=lambda one: _gain(one, config))
        return "winner", best.variant, _words(best, config)
    if all(one.verdict == "worse" for one in left):
        return "winner", config.control.name, "; ".join(_words(one, config) for one in left)
    return _unless_open([one for one in left if one.verdict != "worse" and one.more], config)


def _unless_open(left: Sequence[Comparison], config: ExperimentConfig) -> tuple[Outcome, str, str]:
    """End an experiment without a better variant, unless some users are missing who would tell."""
    control, metric, most = config.control.name, config.metric, config.rule.max_users
    missing = [min(one.more or 0, most - one.users) if most else one.more or 0 for one in left]
    if any(more > 0 for more in missing):
        return "undecided", "", f"undecided: about {max(missing)} more users of each variant would tell"
    if left:
        ends = "; ".join(f"{one.variant} {one.low:+.3f} to {one.high:+.3f}" for one in left)
        told = f"{most} users of each variant do not tell the difference in {metric.name}: {ends}"
        return "inconclusive", control, told
    return "no-difference", control, f"no difference of {metric.smallest_effect:g} in {metric.name} was found"


def _missing(left: Sequence[Comparison], experiment: Experiment) -> str:
    """Say what there must be before anything is decided, if it is not there yet."""
    rule = experiment.config.rule
    hours = (time.time() - experiment.begun) / 3600
    if hours < rule.min_hours:
        return f"it has run for {hours:.1f} of {rule.min_hours:g} hours"
    fewest = min(left, key=lambda one: one.users)
    if fewest.users >= rule.min_users:
        return ""
    what = "preferences" if experiment.config.metric.name == "preference" else "users with a value"
    return f"{rule.min_users - fewest.users} more {what} are needed of {fewest.variant} or the first variant"


def _gain(found: Comparison, config: ExperimentConfig) -> float:
    return (1 if config.metric.greater_is_better else -1) * (found.difference or 0.0)


def _wants_better(config: ExperimentConfig) -> bool:
    return config.rule.test == "better" or (config.rule.test == "auto" and config.mode == "ab")


def _words(found: Comparison, config: ExperimentConfig) -> str:
    name = config.metric.name
    what = {"preference": "share of wins above a half", "agreement": "agreement, less 1,"}.get(name, name)
    between = f"{found.low:+.3f} to {found.high:+.3f}"
    return f"{found.variant} is {found.verdict}: {what} {found.difference:+.3f} ({between}), p = {found.p_value:.2g}"
