"""The demonstration of three branches together, from purchases to answers that are checked.

purchases → online store → conversations → tuned model → its service → an agent → answers, held against the store
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

import polars as pl

from ...config import Config
from ...demo.journey import Journey
from ...llm.process import peak_rss_mb
from ...models.workspace import Workspace
from ...reports import Facts, Status, Table, Text
from ..example.customers import CUSTOMER
from ..example.purchases import end_of_data, write_purchases
from ..online.materialise import materialise
from ..sources import open_reader
from ..stores import open_features
from .answering import Assistant
from .measuring import Kind, Marked, Outcome, ask_all, make_questions, tamper
from .rows import make_rows
from .tuning import EPOCHS, ROWS, SEED, served, tune

_YEAR = timedelta(days=365)
QUESTIONS = 4  # of each topic, in wordings that were learned, and in others
_SIGNS = {
    "right": Status("good", "right"),
    "withheld": Status("warning", "withheld"),
    "wrong": Status("critical", "wrong"),
}


def demonstrate(
    config: Config,
    *,
    rows: int = ROWS,
    epochs: float = EPOCHS,
    questions: int = QUESTIONS,
    now: datetime | None = None,
) -> Journey:
    """Go the whole way; the report is in `reports/demo-customers`."""
    now = now or datetime.now(UTC)
    journey = Journey(config, Workspace.open(config), config.root / "reports" / "demo-customers")
    customers = fill(journey, now)
    learn(journey, rows, epochs)
    with served(config) as thinking:
        assistant = Assistant(thinking, now)
        marked = ask(journey, assistant, customers, questions)
        check(journey, assistant, marked)
    return journey


def fill(journey: Journey, now: datetime) -> list[int]:
    """Fill the online store, and give the customers of the last year."""
    with journey.step("Fill the feature store") as step:
        purchases = write_purchases(journey.config.root, now)
        end = end_of_data(purchases)
        store = open_features(journey.config)
        try:
            materialise(store, open_reader(journey.config), end)
        finally:
            store.close()
        recent = pl.DataFrame(purchases).filter(pl.col("bought_at") > end - _YEAR)
        customers: list[int] = recent["customer_id"].unique().sort().to_list()
        step.say(f"{purchases.num_rows} purchases, {len(customers)} customers of the last year")
        facts: dict[str, int] = {"purchases": purchases.num_rows, "customers of the last year": len(customers)}
        step.show(Facts({**facts, "features": len(CUSTOMER.features)}))
        step.facts.update(facts)
    return customers


def learn(journey: Journey, rows: int, epochs: float) -> None:
    """Tune the model on conversations about customers that do not exist."""
    with journey.step("Tune a language model on questions") as step:
        made = make_rows(rows, SEED)
        saved, result = tune(journey.config.root, made, epochs=epochs)
        step.say(f"{result.parameters} weights, {result.steps} steps on {rows} conversations: {saved.name}")
        step.show(
            Text(
                "The small model that the project ships learns to turn a question into a call of a tool, and what the "
                "tool gives into a sentence. Customers and values of these conversations are made up."
            ),
            Facts(
                {
                    "checkpoint": saved.name,
                    "weights": result.parameters,
                    "conversations": rows,
                    "steps": result.steps,
                    "seconds": round(result.seconds, 1),
                }
            ),
            Table(("who", "says"), [(one.role, one.content) for one in made.train[0].messages], "One of them"),
        )
        step.facts.update({"checkpoint": saved.name, "steps": result.steps, "training_seconds": result.seconds})


def ask(journey: Journey, assistant: Assistant, customers: Sequence[int], each: int) -> list[Marked]:
    """Have an agent answer questions about real customers with the tuned model."""
    with journey.step("Ask about customers") as step:
        marked = ask_all(assistant, make_questions(customers, each, SEED + 1))
        counts = Counter((one.question.kind, one.outcome) for one in marked)
        table = [(kind, *(counts[kind, outcome] for outcome in get_args(Outcome))) for kind in get_args(Kind)]
        total = Counter(one.outcome for one in marked)
        said = ", ".join(f"{total[outcome]} {outcome}" for outcome in get_args(Outcome))
        step.say(f"{len(marked)} questions: {said}")
        step.show(
            Text(
                "Right: what was asked for. Withheld: the check found a fault, so nobody is given the answer. "
                "Wrong: all numbers hold, but it is not what was asked for, which no check of numbers can see; or a "
                "feature would have answered, and the model says that it is unknown."
            ),
            Table(("questions", *get_args(Outcome)), table),
            Table(
                ("question", "looked up", "answer", ""),
                [(one.question.text, _looked_up(one), _told(one), _SIGNS[one.outcome]) for one in marked],
            ),
        )
        step.facts.update({"questions": len(marked), **{outcome: total[outcome] for outcome in get_args(Outcome)}})
        step.facts["kinds"] = {kind: dict(zip(get_args(Outcome), numbers, strict=True)) for kind, *numbers in table}
    return marked


def check(journey: Journey, assistant: Assistant, marked: Sequence[Marked]) -> None:
    """Change a digit of each right answer: the check must refuse all of them."""
    with journey.step("Change a digit of each right answer") as step:
        right = [one.answered for one in marked if one.outcome == "right" and one.answered.checked > 1]
        changed = [assistant.check(tamper(one.text), one.customer) for one in right]
        caught = sum(bool(fault) for _, _, fault in changed)
        said = f"{caught} of {len(changed)} changed answers were refused"
        step.say(said)
        step.show(Status("good" if caught == len(changed) else "critical", said))
        if changed:
            step.show(Text(f"Such as: {changed[0][0]}"))
        step.facts.update({"changed": len(changed), "refused": caught, "peak_rss_mb": round(peak_rss_mb())})


def _looked_up(one: Marked) -> str:
    found = one.answered
    return "nothing" if found.feature is None else f"{found.feature} of {found.customer}"


def _told(one: Marked) -> str:
    return f"{one.answered.text} ({one.answered.withheld})" if one.answered.withheld else one.answered.text
