"""The first half of a demonstration: raw data becomes a champion."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..data.card import DataCard
from ..data.check import check
from ..data.pipeline import chosen_datasets, open_datasets, run
from ..data.sample import write_samples
from ..models.evaluation import Evaluation, evaluate
from ..models.plots import pictures
from ..models.promotion import Decision, promote
from ..models.registry import CHAMPION, find_version, load_version
from ..models.tuning import tune
from ..models.workflow import Result, train_models
from ..reports import Facts, Figure, Status, Table, Text, figure_svg
from .journey import Journey, Step


def validate(journey: Journey, names: Sequence[str]) -> None:
    """Write the sample data where it is missing, and look for bad rows without changing anything."""
    with journey.step("Validate the raw data") as step:
        sources = [journey.config.root / dataset.source for dataset in chosen_datasets(journey.config, names).values()]
        write_samples(journey.config.root / "data" / "raw", only=[path for path in sources if not path.exists()])
        step.show(Text("Real measurements, with faults planted in their files for the rules to find."))
        for opened in open_datasets(journey.config, names):
            name = opened.name
            with tempfile.TemporaryDirectory(prefix="demo-") as scratch:
                outcome = check(opened.table, opened.config, opened.columns, datetime.now(UTC), Path(scratch))
            step.say(f"{name}: {outcome.rows} rows, {outcome.quarantined} of them bad")
            reasons = list(outcome.reasons.items())
            step.show(
                Table(
                    ("rule that was broken", "rows"), reasons, f"{name}: {outcome.quarantined} of {outcome.rows} rows"
                )
            )
            step.facts[name] = {"rows": outcome.rows, "bad": outcome.quarantined, "reasons": outcome.reasons}


def clean(journey: Journey, names: Sequence[str]) -> None:
    """Check, clean and split."""
    with journey.step("Clean and split") as step:
        for opened in open_datasets(journey.config, names):
            name, card = opened.name, run(opened, journey.workspace.processed)
            step.say(f"{name}: {card.rows} rows kept, {card.quarantined} in quarantine")
            step.show(Facts(_card(card)))
            step.facts[name] = {"rows": card.rows, "quarantined": card.quarantined, "splits": card.split.sizes}


def train(journey: Journey, names: Sequence[str], algorithms: Sequence[str] = ()) -> None:
    """Train every algorithm of the configuration, or those that are named."""
    with journey.step("Train") as step:
        for name in names:
            _show_results(step, name, train_models(journey.workspace, name, algorithms))


def tune_best(journey: Journey, name: str, algorithm: str, trials: int) -> int:
    """Search for better parameters of one algorithm.

    Returns
    -------
    int
        The version with the parameters that were found.
    """
    with journey.step("Tune") as step:
        search, result = tune(journey.workspace, name, algorithm, trials)
        step.say(f"{name}: {algorithm}, {search.trials} trials, best {search.metric} {search.score:.4g}")
        found = {
            "algorithm": algorithm,
            "trials": search.trials,
            "cut short": search.pruned,
            search.metric: search.score,
        }
        step.show(Facts({**found, **search.parameters}))
        step.facts[name] = {"algorithm": algorithm, "trials": search.trials, "score": search.score}
    return result.version.number


def decide(journey: Journey, candidates: Sequence[tuple[str, str]], title: str = "Promote") -> list[Decision]:
    """Let the gate decide about versions, each a model and a reference."""
    with journey.step(title) as step:
        decisions = []
        for model, reference in candidates:
            version = find_version(journey.workspace.tracking, model, reference)
            if CHAMPION in version.aliases:
                step.say(f"{version} is the champion already")
                step.show(Status("info", f"{version} is the champion already"))
                continue
            decision = promote(journey.workspace, model, reference)
            verdict = "promoted" if decision.promoted else "refused"
            step.say(f"{version}: {verdict}: {decision.reason}")
            step.show(
                Status("good" if decision.promoted else "warning", f"{version}: {verdict}"), Text(decision.reason)
            )
            rows = [(check.name, check.passed, check.detail) for check in decision.checks]
            step.show(Table(("condition", "held", "found"), rows))
            step.facts[f"{model} {decision.candidate}"] = {"promoted": decision.promoted, "reason": decision.reason}
            decisions.append(decision)
    return decisions


def measure(journey: Journey, models: Sequence[str]) -> None:
    """Measure the champions on the test split."""
    with journey.step("Evaluate the champions") as step:
        workspace = journey.workspace
        for model in models:
            loaded = load_version(workspace.tracking, find_version(workspace.tracking, model, CHAMPION))
            splits = workspace.splits(model)
            measuring = workspace.measuring(splits.card.task)
            found, rows = evaluate(loaded.pipeline, splits.test, splits.card, measuring, "test")
            name, first = next(iter(found.metrics.items()))
            step.say(f"{loaded.version}: {name} {first} on {found.rows} rows never seen")
            step.show(_scores(str(loaded.version), found))
            for title, figure in pictures(found, rows).items():
                step.show(
                    Figure(figure_svg(figure), f"{model}: {title}", f"{title} of {loaded.version} on the test split")
                )
            step.facts[model] = {"version": loaded.version.number, **{key: e.value for key, e in found.metrics.items()}}


def _card(card: DataCard) -> dict[str, str | int]:
    sizes = {f"{name} rows": size for name, size in card.split.sizes.items()}
    steps = {step.name: step.changed for step in card.steps}
    return {"dataset": card.name, **sizes, **steps, "SHA-256 of the input": card.input_sha256}


def _show_results(step: Step, name: str, results: Sequence[Result]) -> None:
    first = next(iter(results[0].evaluation.metrics))
    rows = [
        (one.recipe.algorithm, one.trained.mean(first), str(one.evaluation.metrics[first]), one.trained.seconds)
        for one in results
    ]
    best = results[0]
    step.say(f"{name}: {len(results)} models, best {best.recipe.algorithm}, {first} {best.trained.mean(first):.4g}")
    columns = ("algorithm", f"{first}, cross-validated", f"{first}, validation split", "seconds of fitting")
    step.show(Table(columns, rows, name))
    step.facts[name] = {one.recipe.algorithm: one.trained.mean(first) for one in results}


def _scores(caption: str, found: Evaluation) -> Table:
    rows = [(name, one.value, one.low, one.high) for name, one in found.metrics.items()]
    return Table(("metric", "test split", "low", "high"), rows, caption)
