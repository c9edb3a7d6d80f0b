"""How far variants are apart: observed values or preferences → a difference, its interval, and who is still missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from .config import ExperimentConfig
from .estimates import FEWEST, Difference, Floats, Observed
from .fixed_horizon import decisions_for_preferences, units_for_means
from .rows import Preference
from .sequential import Mixture, preference_p_value, rate_interval
from .summary import Comparison, Point

_POINTS = 30  # of a curve
_SURE = 0.99  # most of a share of wins that is planned for


def mixture(config: ExperimentConfig) -> Mixture:
    """Give the test that an experiment is planned for."""
    return Mixture.planned(config.metric.smallest_effect, power=config.rule.power, level=config.rule.level)


def compare(name: str, first: Observed, second: Observed, config: ExperimentConfig, level: float) -> Comparison:
    """Compare two variants that have users of their own."""

    def until(time: float) -> tuple[int, Difference | None, float]:
        samples = first.sample(time), second.sample(time)
        users = min(one.units for one in samples)
        if users < FEWEST:
            return users, None, math.nan
        deviation = math.sqrt(sum(one.variance for one in samples) / len(samples))
        return users, Difference.of(*samples), deviation

    return _compared(name, np.concatenate([first.times, second.times]), until, config, level)


def compare_pairs(name: str, gains: Observed, config: ExperimentConfig, level: float) -> Comparison:
    """Compare a shadow with the first variant by the differences of their values on the same requests."""

    def until(time: float) -> tuple[int, Difference | None, float]:
        sample = gains.sample(time)
        if sample.units < FEWEST:
            return sample.units, None, math.nan
        # One sample needs half of what each of two does.
        return sample.units, Difference(sample.mean, sample.error), math.sqrt(sample.variance / 2)

    return _compared(name, gains.times, until, config, level)


def compare_preferences(
    name: str, preferences: Iterable[Preference], config: ExperimentConfig, level: float
) -> Comparison:
    """Compare by which answers people prefer; ties count for neither.

    A pair counts once, as it was judged last, and a user once, by the first pair they decided: so that decisions are
    independent of each other, as the test has it, however often somebody votes.
    """
    pair = {name, config.control.name}
    votes = [one for one in _of_pairs(preferences) if {one.better, one.worse} == pair]
    wins, decided, counted = 0, list[tuple[float, int]](), set[str]()
    for one in votes:
        if not one.tied and counted.isdisjoint(one.units):
            counted |= set(one.units)
            wins += one.better == name
            decided.append((one.time, wins))
    losses = len(decided) - wins
    places = np.unique(np.linspace(1, len(decided), _POINTS).astype(int)).tolist() if decided else []
    course = [_of_wins(decided[place - 1], place, level) for place in places]
    rule, share = config.rule, min(0.5 + config.metric.smallest_effect, _SURE)
    fixed = decisions_for_preferences(share, power=rule.power, level=rule.level)
    told = Comparison(variant=name, users=wins + losses, wins=wins, losses=losses, ties=sum(one.tied for one in votes))
    if not course:
        return told.model_copy(update={"needed": _planned(fixed, config), "more": _planned(fixed, config)})
    last, needed = course[-1], _planned(fixed, config)
    return told.model_copy(
        update={
            "difference": last.difference,
            "low": last.low,
            "high": last.high,
            "p_value": preference_p_value(wins, losses),
            "needed": needed,
            "more": _missing(wins + losses, needed, (last.high - last.low) / 2, config),
            "course": tuple(course),
        }
    )


def _of_wins(last: tuple[float, int], decided: int, level: float) -> Point:
    time, wins = last
    low, high = rate_interval(wins, decided, level)
    return Point(time=time, users=decided, difference=wins / decided - 0.5, low=low - 0.5, high=high - 0.5)


def _compared(
    name: str,
    times: Floats,
    until: Callable[[float], tuple[int, Difference | None, float]],
    config: ExperimentConfig,
    level: float,
) -> Comparison:
    users, found, deviation = until(math.inf)
    if found is None:
        return Comparison(variant=name, users=users)
    test = mixture(config)
    rule, effect = config.rule, config.metric.smallest_effect
    needed = _planned(units_for_means(deviation, effect, power=rule.power, level=rule.level), config)
    low, high = test.interval(found, level)
    return Comparison(
        variant=name,
        difference=found.value,
        low=low,
        high=high,
        p_value=test.p_value(found),
        users=users,
        needed=needed,
        more=_missing(users, needed, (high - low) / 2, config),
        course=tuple(_course(np.sort(times), until, test, level)),
    )


def _planned(fixed: int, config: ExperimentConfig) -> int:
    """Say for how many users of each variant an experiment is planned.

    A test that may be looked at needs about twice as many as one that looks once.
    """
    return config.rule.max_users or max(2 * fixed, config.rule.min_users)


def _missing(users: int, needed: int, half: float, config: ExperimentConfig) -> int:
    """Say how many users are missing: those planned, and those until the interval is as narrow as the effect."""
    narrow = math.ceil(users * ((half / config.metric.smallest_effect) ** 2 - 1))
    return max(needed - users, narrow, 0)


def _course(
    times: Floats, until: Callable[[float], tuple[int, Difference | None, float]], test: Mixture, level: float
) -> list[Point]:
    points = []
    for place in np.unique(np.linspace(0, len(times) - 1, _POINTS).astype(int)):
        users, found, _ = until(times[place])
        if found is not None:
            low, high = test.interval(found, level)
            points.append(Point(time=times[place], users=users, difference=found.value, low=low, high=high))
    return points


def _of_pairs(preferences: Iterable[Preference]) -> Sequence[Preference]:
    """Keep what was said last of each two answers, whichever of them was named first."""
    last = {frozenset(one.responses): one for one in sorted(preferences, key=lambda one: one.time)}
    return sorted(last.values(), key=lambda one: one.time)
