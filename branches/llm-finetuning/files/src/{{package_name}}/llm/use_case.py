"""What a model is tuned for. Training, evaluation, datasets and the demo ask a use case for what differs.

A use case is a folder beside this file with a module ``use_case``, whose class ``UseCase`` is as `UseCase` here says,
and a module ``cli`` with the commands ``llm …`` that nothing else has. ``llm.use_case.name`` chooses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..tracking.responses import Response
from .data.examples import Row, conversation
from .errors import ModelError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from .config import LLMConfig
    from .data.splits import Splits


@dataclass(frozen=True)
class Wording:
    """What things are called: a ``question`` about a ``document``, and the scores by their names.

    Attributes
    ----------
    row, group : str
        What is asked, and what is in one split only, each in the singular.
    measures : mapping of str to str
        Scores from 0 to 1; the first is the one that counts.
    dataset : str
        Name of the dataset that is built without another.
    usage : str
        Python that asks a checkpoint: a format of ``package`` and the literals
        ``checkpoint``, ``context`` and ``question``.
    """

    row: str
    group: str
    measures: Mapping[str, str]
    dataset: str
    usage: str


@dataclass(frozen=True)
class Table:
    """A table for the terminal and the report."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Evaluated(Protocol):
    """How well a model did."""

    @property
    def answers(self) -> tuple[str, ...]:
        """What the model said, in the order of the rows."""
        ...

    @property
    def each(self) -> Mapping[str, Sequence[float]]:
        """Scores of each answer, by measures of the wording whose score of all is the mean."""
        ...

    @property
    def losses(self) -> Sequence[tuple[float, int]]:
        """Negative log likelihood of each expected answer in nats, and its tokens."""
        ...

    def responses(self, rows: Sequence[Row], variant: str = "") -> list[Response]:
        """Give each prompt with the answer to it, for the run in which it was asked."""
        ...

    def scores(self) -> dict[str, float]:
        """Give the scores by name: those of the wording, and ``eval_loss`` in nats a token."""
        ...

    def tables(self, rows: Sequence[Row]) -> list[Table]:
        """Show how the model does in use, where the scores don't tell."""
        ...


class Material(Protocol):
    """What rows are made of, once it was read."""

    @property
    def skipped(self) -> dict[str, str]:
        """Files that were not used, and why."""
        ...

    def tell(self) -> None:
        """Say what was read."""
        ...

    def split(self, *, seed: int) -> Splits[Any]:
        """Make the rows of each split, with nothing in one that gives away another."""
        ...

    def rows(self, *, seed: int) -> Sequence[Row]:
        """Make all rows that `split` takes its from."""
        ...

    def facts(self) -> dict[str, Any]:
        """Say for the card of a dataset what the rows were made of."""
        ...


class UseCase(Protocol):
    """What differs from one thing that a model is tuned for to another."""

    name: str
    wording: Wording

    def __init__(self, config: LLMConfig) -> None: ...

    @property
    def source(self) -> Path:
        """Where rows are made from, below the project's root."""
        ...

    def prepare(self, source: Path) -> Material:
        """Read what rows are made from."""
        ...

    def generate(self, size: int, seed: int) -> Splits[Any]:
        """Make splits with so many rows in all."""
        ...

    def check(self, rows: Iterable[Row]) -> dict[str, Any]:
        """Refuse rows that are none of the use case's, before a model is trained; give what they tell of a model."""
        ...

    def evaluate(
        self,
        model: PreTrainedModel | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        facts: Mapping[str, Any],
        rows: Sequence[Row],
    ) -> Evaluated:
        """Ask a model all that the rows ask, and score it; `facts` are what its checkpoint knows, or `check` told."""
        ...

    def finish(
        self,
        model: PreTrainedModel | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        splits: Mapping[str, Sequence[Row]],
    ) -> dict[str, Any]:
        """Find out what a checkpoint has to know beside its weights."""
        ...


def responses_of(
    rows: Sequence[Row], answers: Sequence[str], variant: str, measures: Mapping[str, Callable[[str, str], float]]
) -> list[Response]:
    """Give each prompt with the answer to it, scored by measures that take the answer and the expected one."""
    return [
        Response(
            prompt=conversation(row)[-2]["content"],
            response=answer,
            expected=row.answer,
            variant=variant,
            scores={name: measure(answer, row.answer) for name, measure in measures.items()},
        )
        for row, answer in zip(rows, answers, strict=True)
    ]


def use_case_names() -> list[str]:
    """Name the use cases that the project has."""
    return sorted(found.parent.name for found in Path(__file__).parent.glob("*/use_case.py"))


def open_use_case(config: LLMConfig) -> UseCase:
    """Give the use case that the configuration names, or the only one that there is.

    Raises
    ------
    ModelError
        If there is no such use case.
    """
    known = use_case_names()
    name = config.use_case.name or known[0]
    if name not in known:
        raise ModelError(f"there is no use case {name!r}", hint=f"set llm.use_case.name to {' or '.join(known)}")
    use_case: UseCase = import_module(f".{name}.use_case", __package__).UseCase(config)
    return use_case
