"""From features to a model that tells who will buy in the next 30 days.

questions with labels → features as they were known → splits by time → models → the promotion gate
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa

from ...config import Config
from ...data.card import DataCard
from ...data.config import ColumnConfig, DatasetConfig, SplitConfig
from ...data.pipeline import open_dataset, run
from ...models.promotion import Decision, promote
from ...models.registry import CHALLENGER
from ...models.workflow import Result, train_models
from ...models.workspace import Workspace
from ..definitions.registry import Definitions
from ..pipelines.historical_features import training_set
from ..tables import write_table
from .customers import CUSTOMER

DATASET = "next-purchase"
TARGET = "buys"
AHEAD = timedelta(days=30)
_TIMES = 5  # of questions: three to learn from, one to choose by, the last for the verdict
_PATH = Path("data/features/next_purchase.parquet")
ALGORITHMS = ("baseline", "lightgbm", "logistic")
# Buyers are few: what counts is who comes first, not on which side of one half a probability lies.
_THRESHOLDS = {"roc_auc": 0.7}
# What a model is given: numbers that mean the same in any year.
INPUTS = tuple(f"{CUSTOMER.name}.{one.name}" for one in CUSTOMER.features if one.name != "last_day")


def ask(purchases: pa.Table, end: datetime, customers: int) -> pa.Table:
    """Ask at five times, 30 days apart, whether customers buy in the 30 days that follow.

    Everyone in the data bought before the first of these times, so the same customers are asked about at each.

    Parameters
    ----------
    purchases
        Table as `read_purchases` gives it.
    end
        When all purchases are known; the last question is 30 days before.
    customers
        How many, drawn evenly by their number.

    Returns
    -------
    Table
        Of shape (5 * customers, 3): `customer_id`, `event_time`, and `buys`, which is yes or no.
    """
    rows = pl.DataFrame(purchases).select("customer_id", "bought_at")
    everyone = rows.select(pl.col("customer_id").unique().sort())
    step = max(1, everyone.height // customers)
    chosen = everyone.gather_every(step).head(customers)
    times = pl.DataFrame({"event_time": [end - AHEAD * (count + 1) for count in range(_TIMES)]})
    asked = chosen.join(times.cast({"event_time": pl.Datetime("us", "UTC")}), how="cross")
    bought = asked.join(rows, on="customer_id").filter(
        (pl.col("bought_at") >= pl.col("event_time")) & (pl.col("bought_at") < pl.col("event_time") + AHEAD)
    )
    labelled = asked.join(
        bought.select("customer_id", "event_time").unique().with_columns(pl.lit("yes").alias(TARGET)),
        on=["customer_id", "event_time"],
        how="left",
    )
    filled = labelled.with_columns(pl.col(TARGET).fill_null("no")).sort("event_time", "customer_id")
    return filled.to_arrow().cast(_spine_schema())


def make_dataset(config: Config, workspace: Workspace, questions: pa.Table) -> DataCard:
    """Join features to the questions, and make a dataset that models can be trained of, divided by time."""
    table = training_set(questions, INPUTS, definitions=Definitions((CUSTOMER,)), config=config)
    write_table(table, workspace.root / _PATH)
    return run(open_dataset(DATASET, _dataset(), workspace.root), workspace.processed)


def learn(workspace: Workspace, algorithms: Sequence[str] = ALGORITHMS) -> tuple[list[Result], Decision]:
    """Train models, and let the gate decide whether the best replaces the champion.

    Where there is no champion yet, the rival is one that knows the share of buyers and nothing else.
    """
    results = train_models(workspace, DATASET, algorithms)
    rules = workspace.models.classification.model_copy(update={"thresholds": _THRESHOLDS})
    judging = replace(workspace, models=workspace.models.model_copy(update={"classification": rules}))
    return results, promote(judging, DATASET, CHALLENGER)


def _dataset() -> DatasetConfig:
    columns = {
        "customer_id": ColumnConfig(type="integer", nullable=False),
        "event_time": ColumnConfig(type="datetime", nullable=False),
        **{name: ColumnConfig(type="float") for name in INPUTS},
        TARGET: ColumnConfig(type="category", nullable=False, allowed=["no", "yes"]),
    }
    return DatasetConfig(
        source=str(_PATH),
        target=TARGET,
        task="classification",
        key=["customer_id", "event_time"],
        split=SplitConfig(method="time", column="event_time", validation=0.2, test=0.2),
        columns=columns,
    )


def _spine_schema() -> pa.Schema:
    return pa.schema([("customer_id", pa.int64()), ("event_time", pa.timestamp("us", "UTC")), (TARGET, pa.string())])
