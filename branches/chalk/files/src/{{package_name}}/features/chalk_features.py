"""The example as Chalk's classes: what the service is deployed with, and the embedded engine understands too.

`User` and `Purchase` describe the purchases of `example.purchases`. The extra `chalk` brings the package.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from chalk import Windowed, _, functions, windowed
from chalk.features import FeatureTime, feature, features, has_many, has_one

if TYPE_CHECKING:
    from collections.abc import Sequence as DataFrame  # Chalk's takes a class in [], which type checkers do not know
else:
    from chalk import DataFrame


@features(owner="customer-analytics", tags=["example"])
class Purchase:
    """An order of discs; amounts are in dollars."""

    purchase_id: int = feature(primary=True)
    customer_id: int
    discs: int
    amount: float
    day: datetime
    bought_at: FeatureTime
    user: User = has_one(lambda: Purchase.customer_id == User.customer_id)
    # Purchases of the user in the last 5 minutes
    purchase_velocity: Windowed[int] = windowed(
        "5m",
        expression=_.user.purchases[_.bought_at > _.chalk_window].count(),
        default=0,
    )


@features(owner="customer-analytics", tags=["example"])
class User:
    """Who bought at least once."""

    customer_id: int = feature(primary=True)
    purchases: DataFrame[Purchase] = has_many(lambda: Purchase.customer_id == User.customer_id)
    # Day of the first purchase
    joined: Windowed[datetime] = windowed(
        "3650d",
        expression=_.purchases[_.day, _.bought_at > _.chalk_window].min(),
    )
    # Days since the first purchase
    account_age_days: float = feature(expression=functions.total_seconds(_.chalk_now - _.joined["3650d"]) / 86_400)
    # Dollars of the last 30 days
    total_purchases: Windowed[float] = windowed(
        "30d",
        expression=_.purchases[_.amount, _.bought_at > _.chalk_window].sum(),
        default=0.0,
    )
