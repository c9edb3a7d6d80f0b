"""What was found for each question, and what the model made of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["right", "answer wrong", "retrieval missed", "no room", "right without it"]
OUTCOMES: dict[Outcome, str] = {
    "right": "found and right",
    "answer wrong": "found, but the answer is wrong",
    "retrieval missed": "not shown, and the answer is wrong",
    "no room": "found, but no room to show it, and the answer is wrong",
    "right without it": "not shown, and right all the same",
}
"""What became of a question, in words."""
FAILURES: tuple[Outcome, ...] = ("retrieval missed", "no room", "answer wrong")
FILE = "retrieval.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Passage(_Part):
    """A passage that the model was shown."""

    document: str
    place: str
    text: str
    relevant: bool


class Case(_Part):
    """A question, what was found for it, and the answer.

    Attributes
    ----------
    searched
        What was searched for, if that is not the question.
    rank
        Of the first passage that holds the answer; None if it is not among those that were ranked.
    """

    question: str
    searched: str = ""
    expected: str
    answer: str
    document: str
    rank: int | None
    outcome: Outcome
    passages: tuple[Passage, ...]


class Findings(_Part):
    """What was found for all questions.

    Attributes
    ----------
    documents, indexed
        Documents and passages that were searched.
    left_out
        Questions whose passage is not in the index.
    named
        Questions that were searched with the title of their document, as they are asked of others too.
    shortened
        Questions with which fewer passages than wanted fit into the model's context.
    trained
        Documents asked about that the model was trained on.
    """

    method: str
    embedding_model: str
    passages: int
    documents: int
    indexed: int
    left_out: int
    named: int
    shortened: int
    trained: int
    cases: tuple[Case, ...]

    def outcomes(self) -> dict[Outcome, int]:
        """Count what became of the questions."""
        counts = Counter(case.outcome for case in self.cases)
        return {outcome: counts[outcome] for outcome in OUTCOMES}

    def write(self, folder: Path) -> None:
        """Write them as JSON into a folder."""
        (folder / FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
