"""How often tests of experiments find a difference, where there is one and where not, and what a request pays."""

from __future__ import annotations

import asyncio
import importlib
import json
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from fastapi import Request, Response
from measuring import Figure
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

EXPERIMENTS = 2000
LOOKS = range(50, 2001, 25)
LEVEL = 0.05
POWER = 0.8
POINTS = 0.02
REQUESTS = 2000
MOST_MILLISECONDS = 1.0
VOTED = 400
GUARDED, ANSWERS = 200, 10_000
RUNS = 20_000  # of the power: its standard error is 0.3 points
DRAWS: dict[str, Draw] = {
    "rates of 0.05": lambda draw, size: (draw.random(size) < 0.05).astype(np.float64),
    "rates of 0.6": lambda draw, size: (draw.random(size) < 0.6).astype(np.float64),
    "means, skewed as times are": lambda draw, size: draw.lognormal(0.0, 0.7, size),
}
USERS = 400  # of each variant
ASKED: dict[str, Draw] = {
    "1 to 20 times": lambda draw, size: draw.integers(1, 21, size).astype(np.float64),
    "as Pareto's law says (1.1)": lambda draw, size: np.minimum(np.floor(1 + draw.pareto(1.1, size)), 20_000),
}
EFFECTS = {"rates of 0.05": 0.03, "rates of 0.6": 0.06, "means, skewed as times are": 0.1}


def measure(_options: Namespace, package: str) -> list[Figure]:
    """Simulate A/A tests with a look after every 25 users of each variant, and tests of a size that was planned."""
    names = ("estimates", "sequential", "fixed_horizon")
    estimates, sequential, fixed = (importlib.import_module(f"{package}.llm.experiments.{name}") for name in names)
    return [
        *_false_alarms(estimates, sequential, fixed),
        *_powers(estimates, fixed),
        _of_latency(package),
        _overhead(package),
    ]


def _false_alarms(estimates: ModuleType, sequential: ModuleType, fixed: ModuleType) -> Iterator[Figure]:
    """Share of A/A tests in which any look finds a difference, beside a t-test at every look."""
    for name, values in DRAWS.items():
        draw = np.random.default_rng(0)
        mixture = sequential.Mixture.planned(EFFECTS[name], power=POWER, level=LEVEL)
        found, naive = 0, 0
        for _ in range(EXPERIMENTS):
            sides = [values(draw, LOOKS[-1]) for _ in range(2)]
            pairs = [[estimates.Sample.of(side[:size]) for side in sides] for size in LOOKS]
            differences = [estimates.Difference.of(*pair) for pair in pairs]
            found += any(mixture.p_value(one) <= LEVEL for one in differences)
            largest = [abs(one.value) > 1.9 * one.error for one in differences]  # only these can be below the level
            naive += any(seen and fixed.mean_test(*pair) <= LEVEL for seen, pair in zip(largest, pairs, strict=True))
        yield _alarms(name, found, naive)
    yield _of_preferences(sequential, fixed)
    yield _of_shares(estimates, sequential)
    for name, counts in ASKED.items():
        yield _of_users(name, counts, estimates, sequential)


def _of_preferences(sequential: ModuleType, fixed: ModuleType) -> Figure:
    draw, found, naive = np.random.default_rng(0), 0, 0
    for _ in range(EXPERIMENTS):
        wins = np.cumsum(draw.random(LOOKS[-1]) < 0.5)
        counts = [(int(wins[size - 1]), size - int(wins[size - 1])) for size in LOOKS]
        found += any(sequential.preference_p_value(*pair) <= LEVEL for pair in counts)
        naive += any(fixed.preference_test(*pair) <= LEVEL for pair in counts if _far(*pair))
    return _alarms("preferences", found, naive)


def _of_voters(package: str) -> Figure:
    """40 people vote 20 times each, as they like one or the other: bare, each vote counts."""
    names = ("config", "differences", "sequential", "store")
    config, differences, sequential, store = (
        importlib.import_module(f"{package}.llm.experiments.{name}") for name in names
    )
    variants = [{"name": name, "model": "m"} for name in "ab"]
    rules = config.ExperimentConfig.model_validate({"variants": variants, "metric": {"name": "preference"}})
    draw, found, naive = np.random.default_rng(0), 0, 0
    for _ in range(VOTED):
        people = draw.permutation(np.repeat(np.arange(40), 20))
        likes = (draw.random(len(people)) < draw.beta(0.5, 0.5, 40)[people]).tolist()
        votes = [
            store.Preference(
                *("ba" if like else "ab"), (f"a{when}", f"b{when}"), (str(who), str(who)), 0.0, when, False
            )
            for when, (who, like) in enumerate(zip(people.tolist(), likes, strict=True))
        ]
        course = differences.compare_preferences("b", votes, rules, LEVEL).course
        counted = [(round((one.difference + 0.5) * one.users), one.users) for one in course]
        found += any(sequential.preference_p_value(won, users - won) <= LEVEL for won, users in counted)
        wins = np.cumsum(likes).tolist()
        naive += any(
            sequential.preference_p_value(wins[size - 1], size - wins[size - 1]) <= LEVEL for size in range(40, 801)
        )
    what = f"llm: false alarms of {VOTED} A/A tests, preferences of few people"
    return Figure(what, 100 * found / VOTED, "%", bare=100 * naive / VOTED, target=100 * LEVEL)


def _far(wins: int, losses: int) -> bool:
    return (wins - losses) ** 2 > 3 * (wins + losses)  # only these can be below the level


def _of_users(name: str, asked: Draw, estimates: ModuleType, sequential: ModuleType) -> Figure:
    """Users differ from each other, and ask while it is looked at: bare, each answer counts as if it were a user."""
    draw, found, naive = np.random.default_rng(0), 0, 0
    mixture = sequential.Mixture.planned(0.1, power=POWER, level=LEVEL)
    for _ in range(EXPERIMENTS):
        sides = [_asking(draw, asked(draw, USERS).astype(np.int64), estimates) for _ in range(2)]
        alarms = [False, False]
        for until in np.arange(0.1, 1.01, 0.05):
            samples = [side.sample(until) for side in sides]
            alarms[0] |= mixture.p_value(estimates.Difference.of(*samples)) <= LEVEL
            values = [side.values[side.times <= until] for side in sides]
            alone = [estimates.Sample.of(one) for one in values]
            alarms[1] |= mixture.p_value(estimates.Difference.of(*alone)) <= LEVEL
        found, naive = found + alarms[0], naive + alarms[1]
    return _alarms(f"rates of users who ask {name}", found, naive)


def _asking(draw: np.random.Generator, counts: NDArray[np.int64], estimates: ModuleType) -> Any:
    """Answers to users of some rates each, at times of which all are alike."""
    users = np.repeat(np.arange(len(counts)), counts)
    right = draw.random(len(users)) < draw.beta(1, 1, len(counts))[users]
    return estimates.Observed(right.astype(np.float64), users, draw.random(len(users)), 0.5)


def _of_shares(estimates: ModuleType, sequential: ModuleType) -> Figure:
    """Shares change from 10 to 50 % while the rate falls from 0.8 to 0.5: bare, all answers are compared."""
    draw, found, naive = np.random.default_rng(0), 0, 0
    mixture = sequential.Mixture.planned(0.1, power=POWER, level=LEVEL)
    looks = range(100, 1001, 50)
    for _ in range(EXPERIMENTS):
        before = [(draw.random(size) < 0.8).astype(np.float64) for size in (1800, 200)]
        after = [(draw.random(looks[-1]) < 0.5).astype(np.float64) for _ in range(2)]
        alarms = [mixture.p_value(_apart(before, estimates)) <= LEVEL] * 2
        for size in looks:
            since = [one[:size] for one in after]
            alarms[0] |= mixture.p_value(_apart(since, estimates)) <= LEVEL / 2
            pooled = [np.concatenate(both) for both in zip(before, since, strict=True)]
            alarms[1] |= mixture.p_value(_apart(pooled, estimates)) <= LEVEL
        found, naive = found + alarms[0], naive + alarms[1]
    return _alarms("shares that change while rates fall", found, naive)


def _apart(sides: list[Floats], estimates: ModuleType) -> Any:
    return estimates.Difference.of(*(estimates.Sample.of(side, floor=0.5) for side in sides))


def _of_latency(package: str) -> Figure:
    """False stops by a guardrail with a look at each of 10,000 answers of each variant."""
    guardrails, config = (
        importlib.import_module(f"{package}.llm.experiments.{name}") for name in ("guardrails", "config")
    )
    rules = config.GuardrailsConfig(error_rate=None, p95_latency_ratio=1.0)
    draw, stopped = np.random.default_rng(0), 0
    for _ in range(GUARDED):
        tallies = guardrails.Tally(), guardrails.Tally()
        for pair in draw.lognormal(0.0, 0.7, (ANSWERS, 2)).tolist():
            for tally, seconds in zip(tallies, pair, strict=True):
                tally.add(seconds, failed=False)
            if guardrails.breach(rules, LEVEL, *tallies):
                stopped += 1
                break
    return Figure(f"llm: false stops of {GUARDED} variants by times", 100 * stopped / GUARDED, "%", target=100 * LEVEL)


def _alarms(name: str, found: int, naive: int) -> Figure:
    what = f"llm: false alarms of {EXPERIMENTS:,} A/A tests, {name}"
    return Figure(what, 100 * found / EXPERIMENTS, "%", bare=100 * naive / EXPERIMENTS, target=100 * LEVEL)


def _powers(estimates: ModuleType, fixed: ModuleType) -> Iterator[Figure]:
    """Share of tests that find the effect for which they were planned."""
    draw, planned = np.random.default_rng(0), {"power": POWER, "level": LEVEL}
    size = fixed.units_for_rates(0.6, 0.06, **planned)
    hits = zip(draw.binomial(size, 0.6, RUNS).tolist(), draw.binomial(size, 0.66, RUNS).tolist(), strict=True)
    yield _power("rates", [fixed.rate_test(pair, (size, size)) for pair in hits])
    size = fixed.units_for_means(1.0, 0.15, **planned)
    sides = [
        [estimates.Sample(float(one.mean()), float(one.var(ddof=1)), size, size) for one in drawn]
        for drawn in (draw.normal(mean, 1, (RUNS, size)) for mean in (0.0, 0.15))
    ]
    yield _power("means", [fixed.mean_test(*pair) for pair in zip(*sides, strict=True)])
    size = fixed.decisions_for_preferences(0.56, **planned)
    wins = draw.binomial(size, 0.56, RUNS).tolist()
    tested = {won: fixed.preference_test(won, size - won) for won in set(wins)}
    yield _power("preferences", [tested[won] for won in wins])


def _overhead(package: str) -> Figure:
    """What an experiment adds to a request in the service: the variant is chosen, and what is seen is handed over."""
    with tempfile.TemporaryDirectory() as folder:
        bare, routed = asyncio.run(_by_turns(package, Path(folder)))
    added = 1000 * (statistics.median(routed) - statistics.median(bare))
    return Figure("llm: what the router of experiments adds at p50", added, "ms", target=MOST_MILLISECONDS)


async def _by_turns(package: str, folder: Path) -> tuple[list[float], list[float]]:
    """Time requests that an experiment takes and others by turns; the answer is there at once."""
    names = ("config", "recorder", "store", "traffic")
    config, recorder, store, traffic = (importlib.import_module(f"{package}.llm.experiments.{name}") for name in names)
    protocol = importlib.import_module(f"{package}.llm.serving.protocol")
    routes = importlib.import_module(f"{package}.api.llm_experiments")
    kept, settings = store.ExperimentStore(folder / "experiments.db"), config.ExperimentsConfig()
    variants = [{"name": name, "model": "m"} for name in "ab"]
    kept.start("trial", config.ExperimentConfig.model_validate({"variants": variants}))
    choice = {"index": 0, "message": {"role": "assistant", "content": "words " * 200}}
    body = json.dumps(
        {"id": "x", "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 200}}
    ).encode()

    async def answer(_asked: Any, _request: Request) -> Response:
        return Response(body, media_type="application/json")

    path = traffic.Traffic(recorder.Recorder(kept, settings, lambda *_: 1.0), settings)
    app, route = SimpleNamespace(state=SimpleNamespace(experiments=path)), routes.routed(answer)
    scope = {"type": "http", "app": app, "headers": [], "client": ("127.0.0.1", 1), "path": "/v1/chat/completions"}
    taken: dict[str, list[float]] = {"other": [], "trial": []}
    for number in range(REQUESTS):
        for model, seconds in taken.items():
            message = {"role": "user", "content": "Hello"}
            asked = protocol.ChatRequest(model=model, messages=[message], user=f"user {number}")
            started = time.perf_counter()
            await route(asked, Request(dict(scope)))
            seconds.append(time.perf_counter() - started)
    await path.close()
    return taken["other"], taken["trial"]


def _power(name: str, p_values: list[float]) -> Figure:
    off = abs(float(np.mean(np.array(p_values) <= LEVEL)) - POWER)
    return Figure(f"llm: power beside the analysis, {name}", 100 * off, "points off", target=100 * POINTS)
