"""What a model was asked in a run, and what it said: JSON lines among the files of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from .folders import explained
from .store import Run, RunRecord, Tracking

_FILE = "responses.jsonl"
_COUNT = "responses"  # the parameter that says how many there are


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of a model.

    Attributes
    ----------
    variant
        What the answers to one prompt differ by, such as the model, or the wording of the instruction.
    """

    prompt: str
    response: str
    expected: str = ""
    variant: str = ""
    scores: dict[str, float] = field(default_factory=dict)


_FORMAT = TypeAdapter(Response)


def log_responses(run: Run, responses: Sequence[Response]) -> None:
    """Keep answers with a run."""
    run.log_text("".join(f"{_FORMAT.dump_json(one).decode()}\n" for one in responses), _FILE)
    run.log_params({_COUNT: len(responses)})


def read_responses(tracking: Tracking, run: RunRecord) -> list[Response]:
    """Read the answers of a run; there are none where none were kept.

    Raises
    ------
    TrackingError
        If their file is not there, or is damaged.
    """
    if _COUNT not in run.params:
        return []
    with tracking.files(run.id, _FILE) as path, explained(path):
        return [_FORMAT.validate_json(line) for line in path.read_bytes().splitlines()]  # text has more ends of lines
