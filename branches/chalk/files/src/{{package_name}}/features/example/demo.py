"""The example as a demonstration, from purchases to a model that is asked by the number of a customer.

purchases → definitions → training set → model → online store and stream → reads → parity → drift → catalogue
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pyarrow as pa

from ...config import Config
from ...demo.journey import Journey
from ...models.workspace import Workspace
from ...reports import Facts, Link, Status, Table, Text
from ..catalogue.entries import make_catalogue
from ..catalogue.page import CATALOGUE, make_page, set_blocks
from ..chalk_integration import ChalkFeatureStore
from ..config import FeaturesConfig
from ..definitions.registry import Definitions
from ..engines.factory import open_engine
from ..engines.protocol import EVENT_TIME
from ..monitoring.page import drift_blocks, latency_facts
from ..monitoring.performance_metrics import measure_computation, measure_serving
from ..monitoring.watch import compare_tables
from ..online.materialise import materialise
from ..parity.check import Sample, check_parity
from ..pipelines.batch_features import open_backfill
from ..sources import open_reader
from .buying import AHEAD, TARGET, ask, learn, make_dataset
from .customers import CUSTOMER
from .purchases import DAY, end_of_data, write_purchases
from .replay import replay

CUSTOMERS = 3000  # of whom a model is made, and who are read one after the other
_DEFINITIONS = Definitions((CUSTOMER,))


def demonstrate(config: Config, now: datetime | None = None, customers: int = CUSTOMERS) -> Journey:
    """Go the whole way; the report is in `reports/demo-chalk`."""
    now = now or datetime.now(UTC)
    journey = Journey(config, Workspace.open(config), config.root / "reports" / "demo-chalk")
    purchases = gather(journey, now)
    end = end_of_data(purchases)
    questions = ask(purchases, end, customers)
    train(journey, questions)
    with ChalkFeatureStore(config, definitions=_DEFINITIONS) as store:
        fill(journey, store, purchases, now)
        serve(journey, store, questions, now)
        compare(journey, store, now)
    watch(journey, end)
    describe(journey, now)
    return journey


def gather(journey: Journey, now: datetime) -> pa.Table:
    """Write the purchases, and show what is made of them."""
    with journey.step("Define features of purchases") as step:
        purchases = write_purchases(journey.config.root, now)
        customers = len(purchases["customer_id"].unique())
        step.say(f"{purchases.num_rows} purchases of {customers} customers, {len(CUSTOMER.features)} features")
        step.show(
            Text(
                "Purchases of real customers of a shop for music, moved by whole weeks to the present. "
                "Those of a day are known when it is over."
            ),
            Table(
                ("feature", "type", "holds", "what it is", "version"),
                [
                    (
                        f"{CUSTOMER.name}.{one.name}",
                        type(one).__name__.lower(),
                        str(CUSTOMER.kinds[one.name]),
                        one.description,
                        CUSTOMER.fingerprint(one.name),
                    )
                    for one in CUSTOMER.features
                ],
            ),
        )
        step.facts.update({"purchases": purchases.num_rows, "customers": customers})
    return purchases


def train(journey: Journey, questions: pa.Table) -> None:
    """Join features to questions, and learn from them who buys in the 30 days that follow."""
    with journey.step("Make a training set") as step:
        card = make_dataset(journey.config, journey.workspace, questions)
        share = float(np.mean(questions[TARGET].to_numpy() == "yes"))
        step.say(f"{card.rows} questions, each with what was known at its time; {share:.1%} buy")
        step.show(Facts({"questions": card.rows, "buyers": f"{share:.1%}", **card.split.sizes}))
        step.facts.update({"questions": card.rows, "buyers": share, **card.split.sizes})
    with journey.step("Learn who buys next") as step:
        results, decision = learn(journey.workspace)
        rows = [(one.recipe.algorithm, str(one.evaluation.metrics[decision.metric])) for one in results]
        step.show(Table(("algorithm", f"{decision.metric}, 30 days later"), rows))
        found = decision.comparison
        gain = "" if found is None else f"by {found.value:.3f} [{found.low:.3f}, {found.high:.3f}] of {decision.metric}"
        rival = "one that knows the share of buyers only" if decision.champion is None else "the champion before it"
        said = f"{results[0].recipe.algorithm} is better than {rival} {gain}, 60 days later"
        step.say(said if decision.promoted else f"not promoted: {decision.reason}")
        step.show(Status("good" if decision.promoted else "warning", said), Text(decision.reason))
        step.facts.update({"promoted": decision.promoted, "gain": found.model_dump() if found else None})


def fill(journey: Journey, store: ChalkFeatureStore, purchases: pa.Table, now: datetime) -> None:
    """Fill the online store from the table until 30 days ago, and replay the days since as a stream."""
    with journey.step("Fill the online store, then replay a month as a stream") as step:
        kept = journey.config.group("features", FeaturesConfig).feature_store
        begin = end_of_data(purchases) - AHEAD
        before = materialise(store.online, open_reader(journey.config), begin)
        first = pl.DataFrame(purchases).filter(pl.col("bought_at") + DAY <= begin).height
        events = purchases.slice(first)
        done = replay(journey.config, store, events, first=first, at=now)
        rows = sum(one.rows for one in before)
        step.say(f"{rows} rows from the table, {events.num_rows} events from the stream in {done.seconds:.1f} s")
        step.show(
            Facts(
                {
                    "rows from the table": rows,
                    "until": f"{begin:%Y-%m-%d}",
                    "online store": kept.online_store.type,
                    "events from the stream": events.num_rows,
                    "which came as": done.way,
                    "dead letters": done.dead_letters,
                    "events a second": round(events.num_rows / done.seconds),
                }
            )
        )
        step.facts.update({"rows": rows, "events": events.num_rows, "dead_letters": done.dead_letters})


def serve(journey: Journey, store: ChalkFeatureStore, questions: pa.Table, now: datetime) -> None:
    """Read customers one after the other, as a model that is asked would, and compute a training set's features."""
    with journey.step("Read features, and measure latency") as step:
        keys = pl.DataFrame(questions)["customer_id"].unique().sort().to_list()
        example = store.read(CUSTOMER.name, keys, at=now)[0]  # what is computed now holds for later reads
        served = measure_serving(store.online, CUSTOMER, keys, now)
        engine = open_engine(journey.config.group("features", FeaturesConfig).engine, journey.config.root)
        spine = questions.select([CUSTOMER.entity.key, EVENT_TIME])
        computed = measure_computation(engine, open_reader(journey.config), CUSTOMER, spine)
        middle, slow = served.p50 * 1e6, served.p99 * 1e6
        step.say(f"{len(CUSTOMER.features)} features of a customer in {middle:.0f} µs, 99 of 100 in {slow:.0f} µs")
        rows = [(name, one.value, str(one.status)) for name, one in example.items()]
        step.show(
            Text("Serving reads a customer from the online store; computation makes a training set of all questions."),
            Facts({"questions": spine.num_rows, **latency_facts([served, computed])}),
            Table(("feature", "value", "status"), rows, f"Customer {keys[0]}"),
        )
        step.facts.update({"reads": served.runs, "median_us": middle, "p99_us": slow, "computation_s": computed.p50})


def compare(journey: Journey, store: ChalkFeatureStore, now: datetime) -> None:
    """Hold what is read online against what a training set has."""
    with journey.step("Check parity of online and offline") as step:
        engine = open_engine(journey.config.group("features", FeaturesConfig).engine, journey.config.root)
        sample = Sample(entities=1000, times=3, at=now)
        found = check_parity(store.online, engine, open_reader(journey.config), CUSTOMER, sample)
        said = f"{found.compared} values compared, {found.mismatched} differ"
        step.say(said)
        step.show(Status("critical" if found.mismatched else "good", said))
        if found.mismatches:
            rows = [(one.feature, one.key, one.reason, one.explanation) for one in found.mismatches]
            step.show(Table(("feature", "customer", "reason", "explanation"), rows))
        step.facts.update({"compared": found.compared, "mismatched": found.mismatched})


def watch(journey: Journey, end: datetime) -> None:
    """Compute tables of all customers, and compare the newest with the one of 30 days before."""
    with journey.step("Look for drift") as step:
        work = open_backfill(journey.config)
        rows = sum(work.run(CUSTOMER, at, at).rows for at in (end - AHEAD, end))
        rules = journey.config.group("features", FeaturesConfig).monitoring
        report = compare_tables(CUSTOMER, work.tables, rules)
        moved = [one for one in report.drift if one.drifted]
        most = max(report.drift, key=lambda one: one.psi or 0.0)
        step.say(
            f"{rows} rows; {len(moved)} of {len(report.drift)} features have moved in 30 days, {most.feature} most"
        )
        step.show(*drift_blocks(report))
        step.facts.update({one.feature: one.psi for one in report.drift})


def describe(journey: Journey, now: datetime) -> None:
    """Write the catalogue: what there is, where it comes from, and what its values are like."""
    with journey.step("Write the catalogue") as step:
        found = make_catalogue(journey.config, _DEFINITIONS)
        make_page(found, now).write(journey.config.root / CATALOGUE)
        step.say(f"{len(CUSTOMER.features)} features: {CATALOGUE}")
        step.show(Facts({"on a page of its own": Link("catalogue", f"../../{CATALOGUE}")}), *set_blocks(found.sets[0]))
        step.facts.update({"features": len(CUSTOMER.features)})
