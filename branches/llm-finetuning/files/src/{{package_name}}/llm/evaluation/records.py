"""What an evaluation found: each answer with its scores, and the scores of all with their intervals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ...models.bootstrap import Estimate
from ..data.examples import Row
from ..errors import DataError

FOLDER = Path("reports") / "llm-evaluation"
JSON = "report.json"
HTML = "index.html"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Part):
    """An answer, and how good it is.

    Attributes
    ----------
    group
        Answers of one group are not independent: those about one document.
    scores
        By the name of the measure.
    nats, tokens
        Negative log likelihood of the expected answer, and its tokens.
    """

    question: str
    context: str = ""
    expected: str
    answer: str
    group: str = ""
    scores: dict[str, float]
    nats: float = 0.0
    tokens: int = 0

    @property
    def key(self) -> str:
        """What tells that two models were asked the same."""
        asked = json.dumps([self.context, self.question, self.expected])
        return hashlib.sha256(asked.encode()).hexdigest()


class Score(Estimate):
    """A score of all answers, with its interval.

    Attributes
    ----------
    rows, groups
        Answers that it was taken from, and groups of them that were drawn anew for the interval.
    more
        About how many more groups make the interval as narrow as is wanted; 0 if it is.
    """

    label: str
    greater_is_better: bool = True
    rows: int
    groups: int
    more: int = 0


class EvaluationReport(_Part):
    """What was found of one model.

    Attributes
    ----------
    format
        Version of this form of the file.
    asked
        Where the questions are from.
    use_case, base_model
        What the model is tuned for, and what was tuned.
    row, group
        What one thing that it was asked is called, and what several are about.
    level
        Share of the draws in an interval.
    empty
        Answers without a word.
    examples
        Of what it was tuned for.
    base_task
        Of what its base model could do.
    """

    format: Literal[1] = 1
    model: str
    asked: str
    use_case: str
    row: str = "question"
    group: str = "document"
    base_model: str
    created: str
    level: float
    scores: dict[str, Score]
    empty: int
    examples: tuple[Example, ...]
    base_task: tuple[Example, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write the report as JSON into a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / JSON
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path


def read_report(path: Path) -> EvaluationReport:
    """Read a report that `EvaluationReport.write` wrote; a folder stands for the file in it.

    Raises
    ------
    DataError
        If there is none, or it is damaged.
    """
    file = path / JSON if path.is_dir() else path
    hint = f"`llm evaluate` writes one below {FOLDER.as_posix()}"
    try:
        return EvaluationReport.model_validate_json(file.read_bytes())
    except OSError as error:
        raise DataError(f"the report {file} can't be read: {error.strerror}", hint=hint) from error
    except ValidationError as error:
        raise DataError(f"{file} is no report of an evaluation: {error.errors()[0]['msg']}", hint=hint) from error


def examples_of(
    rows: Sequence[Row],
    answers: Sequence[str],
    scores: Mapping[str, Sequence[float]],
    losses: Sequence[tuple[float, int]],
) -> tuple[Example, ...]:
    """Put what was asked beside what was answered.

    Parameters
    ----------
    rows : sequence of Row
        What was asked.
    answers : sequence of str
        One for each.
    scores : mapping of str to sequence of float
        One for each, by the name of the measure.
    losses : sequence of (float, int)
        Nats and tokens of each.
    """
    return tuple(
        Example(
            question=row.question,
            context=row.context,
            expected=row.answer,
            answer=answers[number],
            group=row.document,
            scores={name: float(values[number]) for name, values in scores.items()},
            nats=losses[number][0],
            tokens=losses[number][1],
        )
        for number, row in enumerate(rows)
    )
