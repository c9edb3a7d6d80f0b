"""What is known of a customer: definitions that batches, streams and online reads share."""

from __future__ import annotations

from datetime import timedelta

from ..definitions import (
    Aggregate,
    Check,
    Entity,
    FeatureSet,
    Kind,
    Latest,
    OnDemand,
    Session,
    Source,
    Window,
    now,
    ref,
)
from ..definitions.expressions import seconds
from .purchases import PATH

_MONTH, _QUARTER, _YEAR = timedelta(days=30), timedelta(days=90), timedelta(days=365)

PURCHASES = Source(
    "purchases",
    str(PATH),
    key="customer_id",
    time="bought_at",
    created="known_at",
    columns={"discs": Kind.INTEGER, "amount": Kind.FLOAT, "day": Kind.TIMESTAMP},
    topic="purchases",
    description="Orders of discs, in dollars; those of a day are known when it is over",
)

CUSTOMER = FeatureSet(
    "customer",
    Entity("customer", "customer_id", Kind.INTEGER, "Who bought at least once"),
    [
        Window("orders_30d", PURCHASES, Aggregate.ROWS, _MONTH, description="Orders of the last 30 days"),
        Window("orders_90d", PURCHASES, Aggregate.ROWS, _QUARTER, description="Orders of the last 90 days"),
        Window("orders_365d", PURCHASES, Aggregate.ROWS, _YEAR, description="Orders of the last year"),
        Window("spend_30d", PURCHASES, Aggregate.SUM, _MONTH, "amount", default=0.0, description="Dollars"),
        Window("spend_365d", PURCHASES, Aggregate.SUM, _YEAR, "amount", default=0.0, description="Dollars"),
        Window("discs_365d", PURCHASES, Aggregate.SUM, _YEAR, "discs", default=0, description="Discs of a year"),
        Window("largest_365d", PURCHASES, Aggregate.MAX, _YEAR, "amount", description="Dollars of the largest order"),
        Session(
            "streak",
            PURCHASES,
            Aggregate.ROWS,
            timedelta(days=45),
            description="Orders since a pause of more than 45 days",
        ),
        Latest("last_amount", PURCHASES["amount"], ttl=_YEAR, description="Dollars of the last order"),
        Latest("last_day", PURCHASES["day"], description="Day of the last order"),
        OnDemand("days_since", seconds(now() - ref("last_day")) / 86_400, description="Days since the last order"),
        OnDemand("mean_order", ref("spend_365d") / ref("orders_365d"), description="Dollars of an order of the year"),
    ],
    owner="customer-analytics",
    tags=("example",),
    description="Buying behaviour of a customer",
    tests={"orders_365d": Check(minimum=0), "spend_365d": Check(minimum=0)},
)
