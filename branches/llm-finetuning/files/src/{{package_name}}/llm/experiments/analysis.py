"""What an experiment has shown so far: answers → values → means and differences → a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..evaluation.metrics import exact_match, token_f1
from .config import ExperimentConfig, MetricName, VariantConfig
from .differences import compare, compare_pairs, compare_preferences, mixture
from .estimates import FEWEST, Difference, Observed
from .records import Experiment
from .rows import Judged
from .sequential import holm
from .store import ExperimentStore
from .summary import Arm, Comparison, Summary
from .verdict import judge, verdict

SHARES: frozenset[MetricName] = frozenset(
    {"exact_match", "thumb", "error", "refusal", "token_f1", "score", "agreement"}
)
_MILLION = 1_000_000


def needs_text(config: ExperimentConfig) -> bool:
    """Say whether the texts of answers are looked at later; else they are not kept."""
    return config.metric.name in {"exact_match", "token_f1"}


def summarise(store: ExperimentStore, experiment: Experiment) -> Summary:
    """Read what there is of an experiment since its shares were changed last, and say what it shows."""
    config = experiment.config
    rows = [row for row in store.answers(experiment.name) if experiment.compares(row.answer.asked)]
    observed = {one.name: _observed(rows, one, config) for one in config.variants}
    found = _compared(store, experiment, rows, observed)
    adjusted = holm([one.p_value for one in found])
    comparisons = tuple(judge(one, p, experiment) for one, p in zip(found, adjusted, strict=True))
    outcome, winner, reason = verdict(comparisons, experiment)
    return Summary(
        name=experiment.name,
        state=experiment.state,
        mode=config.mode,
        metric=config.metric.name,
        level=experiment.level,
        started=experiment.started,
        ended=experiment.ended,
        arms=tuple(_arm(one, rows, observed[one.name], experiment) for one in config.variants),
        comparisons=comparisons,
        outcome=outcome,
        winner=experiment.winner or winner,
        reason=experiment.reason or reason,
        dropped=store.dropped(experiment.name),
        events=tuple(store.events(experiment.name)),
    )


def _compared(
    store: ExperimentStore, experiment: Experiment, rows: Sequence[Judged], observed: Mapping[str, Observed]
) -> list[Comparison]:
    config, others = experiment.config, [one.name for one in experiment.config.variants[1:]]
    level = experiment.level / len(others)
    if config.metric.name == "preference":
        said = [one for one in store.preferences(experiment.name) if experiment.compares(one.asked)]
        return [compare_preferences(name, said, config, level) for name in others]
    if config.mode == "shadow":
        return [compare_pairs(name, _gains(rows, name, config), config, level) for name in others]
    first = observed[config.control.name]
    return [compare(name, first, observed[name], config, level) for name in others]


def _agreement(row: Judged) -> float | None:
    """Give how an answer agrees with the one that was given; that one does with itself."""
    return 1.0 if row.answer.pair == row.answer.response else row.answer.agreement


def _likeness(row: Judged, measure: Callable[[str, str], float]) -> float | None:
    """Compare an answer with the expected one, where both are known."""
    if row.expected is None or row.answer.text is None:
        return None
    return measure(row.answer.text, row.expected)


_VALUES: dict[MetricName, Callable[[Judged], float | None]] = {
    "exact_match": lambda row: _likeness(row, exact_match),
    "token_f1": lambda row: _likeness(row, token_f1),
    "score": lambda row: row.score,
    "thumb": lambda row: None if row.thumb is None else float(row.thumb == "up"),
    "agreement": _agreement,
    "seconds": lambda row: row.answer.seconds,
    "tokens": lambda row: float(row.answer.completion_tokens),
    "refusal": lambda row: float(row.answer.refused),
    "preference": lambda _: None,
}


def _value(row: Judged, metric: MetricName) -> float | None:
    if metric == "error":
        return float(row.answer.failed)
    return None if row.answer.failed else _VALUES[metric](row)


def _floor(config: ExperimentConfig) -> float:
    """Give what is added to a sum of squares: half a hit and half a miss, or what is as far apart as matters.

    A rate of 0 or 1 that was seen is not known to be so, and an interval of no width would never end: hits and misses
    are added to rates for this (Agresti and Caffo, 2000, doi:10.1080/00031305.2000.10474560).
    """
    return 0.5 if config.metric.name in SHARES else config.metric.smallest_effect**2


def _observed(rows: Sequence[Judged], variant: VariantConfig, config: ExperimentConfig) -> Observed:
    own = (row for row in rows if row.answer.variant == variant.name)
    known = ((row.answer, _value(row, config.metric.name)) for row in own)
    told = [(answer.unit, answer.time, found) for answer, found in known if found is not None]
    return Observed.of(told, floor=_floor(config))


def _gains(rows: Sequence[Judged], shadow: str, config: ExperimentConfig) -> Observed:
    """Take by how much a shadow's value of each request is greater than that of the answer that was given."""
    metric, control = config.metric.name, config.control.name
    given = {row.answer.response: _value(row, metric) for row in rows if row.answer.variant == control}
    told = []
    for row in rows:
        first, second = given.get(row.answer.pair), _value(row, metric)
        if row.answer.variant == shadow and first is not None and second is not None:
            told.append((row.answer.unit, row.answer.time, second - first))
    return Observed.of(told, floor=_floor(config))


def _arm(variant: VariantConfig, rows: Sequence[Judged], observed: Observed, experiment: Experiment) -> Arm:
    own = [row.answer for row in rows if row.answer.variant == variant.name]
    answered = [one for one in own if not one.failed]
    sample = observed.sample()
    ends: tuple[float, float] | None = None
    if sample.units >= FEWEST:
        ends = mixture(experiment.config).interval(Difference(sample.mean, sample.error), experiment.level)
        if experiment.config.metric.name in SHARES:
            ends = max(ends[0], 0.0), min(ends[1], 1.0)
    p50, p95 = np.quantile([one.seconds for one in answered], [0.5, 0.95]).tolist() if answered else (None, None)
    tokens = [(one.prompt_tokens, one.completion_tokens) for one in answered]
    prices = variant.prompt_price, variant.completion_price
    paid = sum(read * prices[0] + written * prices[1] for read, written in tokens) / _MILLION
    return Arm(
        name=variant.name,
        model=variant.model,
        share=variant.share,
        users=len({one.unit for one in own}),
        answers=len(own),
        judged=sample.answers,
        failed=len(own) - len(answered),
        mean=sample.mean if sample.answers else None,
        low=ends[0] if ends else None,
        high=ends[1] if ends else None,
        p50_seconds=p50,
        p95_seconds=p95,
        tokens=sum(written for _, written in tokens) / len(tokens) if tokens else None,
        cost=1000 * paid / len(tokens) if tokens and any(prices) else None,
        stopped=experiment.stopped.get(variant.name, ""),
    )
