"""Where the requests of a canary come from: those of others, who are waited for, or rows that are replayed."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from ...agents.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...data import Splits


class Traffic(Protocol):
    """Lets requests reach the service."""

    def ask(self, client: httpx.Client, model: str) -> None:
        """Let as many come as one look at the figures takes."""


class Others:
    """Waits for the requests that a service gets anyway.

    Parameters
    ----------
    seconds
        From one look at the figures to the next.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def ask(self, client: httpx.Client, model: str) -> None:
        """Wait."""
        time.sleep(self._seconds)


class Replay:
    """Asks about rows that no model was trained on, each once and by itself, and tells then what was true.

    Parameters
    ----------
    splits
        Of the model's dataset: the rows are those of validation and test.
    each
        Requests from one look at the figures to the next.
    """

    def __init__(self, splits: Splits, each: int) -> None:
        self._rows, self._each = _rows(splits), each

    def ask(self, client: httpx.Client, model: str) -> None:
        """Ask about the next rows; none are left in the end.

        Raises
        ------
        AgentError
            If the service does not answer.
        """
        labels: dict[str, Any] = {}
        try:
            for number, row, truth in islice(self._rows, self._each):
                asked = {"row": row, "key": f"row {number}"}
                answer = client.post(f"/predict/{model}", json=asked).raise_for_status().json()
                labels[answer["predictions"][0]["id"]] = truth
            if labels:
                client.post(f"/models/{model}/labels", json={"labels": labels}).raise_for_status()
        except httpx.HTTPError as error:
            raise AgentError(f"the service does not answer: {error}", hint="its log tells why") from error


def _rows(splits: Splits) -> Iterator[tuple[int, dict[str, Any], Any]]:
    """Give rows with what is true of them; gaps are null."""
    import pandas as pd

    card = splits.card
    frame = pd.concat([splits.validation, splits.test], ignore_index=True)
    inputs = frame[card.of_role("feature", "time")].to_dict("records")
    for number, (row, truth) in enumerate(zip(inputs, frame[card.target], strict=True)):
        plain = {str(name): None if pd.isna(value) else value for name, value in row.items()}
        yield number, plain, str(truth) if card.task == "classification" else float(truth)
