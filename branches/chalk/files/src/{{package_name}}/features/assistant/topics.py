"""What customers can be asked about: features, with wordings of questions to learn from and to measure by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SET = "customer"
"""The feature set, and the name by which texts cite the customer."""

UNKNOWN = "Unknown."

FeatureName = Literal["orders_30d", "orders_365d", "spend_30d", "spend_365d", "discs_365d", "largest_365d", "streak"]


@dataclass(frozen=True)
class Topic:
    """A feature that is asked about.

    Attributes
    ----------
    feature : str
        In the feature set.
    told : str
        What a value is told as, with `{value}` for the number and what it cites.
    wordings : tuple of str
        Questions to learn from, with `{id}` for the customer.
    unseen : tuple of str
        Wordings that nothing is learned from.
    places : int
        Decimal places of a value.
    """

    feature: FeatureName
    told: str
    wordings: tuple[str, ...]
    unseen: tuple[str, ...]
    places: int = 0

    def tell(self, value: float | None) -> str:
        """Word a value, followed by what it cites."""
        if value is None:
            return f"has no {self.feature}"
        return self.told.format(value=f"{round(value, self.places):.{self.places}f} [{SET}.{self.feature}]")

    def answer(self, customer: int, value: float | None) -> str:
        """Word the answer to a question about a customer."""
        return f"Customer {customer} [{SET}] {self.tell(value)}."


TOPICS = (
    Topic(
        "orders_30d",
        "placed {value} orders this month",
        (
            "How many orders did customer {id} place this month?",
            "Number of orders of customer {id} in the last month?",
            "How often did customer {id} order in the last 30 days?",
            "Tell me the orders of customer {id} this month.",
            "In the last 30 days, how many orders came from customer {id}?",
        ),
        (
            "How many orders has customer {id} placed in 30 days?",
            "Count the orders of customer {id} in the last month.",
        ),
    ),
    Topic(
        "orders_365d",
        "placed {value} orders this year",
        (
            "How many orders did customer {id} place this year?",
            "Number of orders of customer {id} in the last year?",
            "How often did customer {id} order in the last 365 days?",
            "Tell me the orders of customer {id} this year.",
            "In the last 365 days, how many orders came from customer {id}?",
        ),
        (
            "How many orders has customer {id} placed in 365 days?",
            "Count the orders of customer {id} in the last year.",
        ),
    ),
    Topic(
        "spend_30d",
        "spent {value} dollars this month",
        (
            "How much did customer {id} spend this month?",
            "How many dollars did customer {id} pay in the last 30 days?",
            "Spending of customer {id} in the last month?",
            "What did customer {id} spend in the last 30 days?",
            "Tell me how much money customer {id} spent this month.",
        ),
        ("How much money did customer {id} spend in the last month?", "In 30 days, how much has customer {id} paid?"),
        2,
    ),
    Topic(
        "spend_365d",
        "spent {value} dollars this year",
        (
            "How much did customer {id} spend this year?",
            "How many dollars did customer {id} pay in the last 365 days?",
            "Spending of customer {id} in the last year?",
            "What did customer {id} spend in the last 365 days?",
            "Tell me how much money customer {id} spent this year.",
        ),
        ("How much money did customer {id} spend in the last year?", "In 365 days, how much has customer {id} paid?"),
        2,
    ),
    Topic(
        "discs_365d",
        "bought {value} discs this year",
        (
            "How many discs did customer {id} buy this year?",
            "Number of discs of customer {id} in the last year?",
            "How many discs has customer {id} bought in the last 365 days?",
            "Tell me the discs that customer {id} bought this year.",
            "In the last year, how many discs went to customer {id}?",
        ),
        ("Count the discs of customer {id} this year.", "How many discs were bought by customer {id}?"),
    ),
    Topic(
        "largest_365d",
        "paid {value} dollars for the largest order",
        (
            "What is the largest order of customer {id}?",
            "How large was the largest order of customer {id} this year?",
            "How much did customer {id} pay for the largest order?",
            "Tell me the largest order of customer {id} in the last year.",
            "Dollars of the largest order of customer {id}?",
        ),
        ("How much was the largest order of customer {id}?", "What did customer {id} pay for the largest order?"),
        2,
    ),
    Topic(
        "streak",
        "placed {value} orders without a pause",
        (
            "How many orders without a pause has customer {id}?",
            "How long is the streak of customer {id}?",
            "Streak of customer {id}?",
            "Tell me the streak of customer {id}.",
            "How many orders without a pause did customer {id} place?",
        ),
        ("What is the streak of customer {id}?", "Count the orders without a pause of customer {id}."),
    ),
)

STRANGE = (
    "How old is customer {id}?",
    "Where does customer {id} live?",
    "What is the name of customer {id}?",
    "Is customer {id} married?",
    "What is the phone number of customer {id}?",
    "How many children has customer {id}?",
    "Does customer {id} like jazz?",
    "Who sent customer {id} to us?",
    "What is the password of customer {id}?",
    "Which bank has customer {id}?",
)
"""Questions that no feature answers."""

STRANGE_UNSEEN = (
    "How tall is customer {id}?",
    "In which city is customer {id}?",
    "Which language does customer {id} speak?",
    "What is the address of customer {id}?",
)
