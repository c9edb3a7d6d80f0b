"""What the verdicts of a judge tell: which model is better, whether the judge favours a place, whether people agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ..errors import DataError
from .agreement import Coefficient, codes_of, cohen_kappa, measure
from .comparing import Measure, compare_examples
from .config import EvaluationConfig
from .estimates import resampling_of
from .judging import VERDICTS, Ruling, Rulings, Verdict, human_verdicts
from .pairing import Shared
from .records import Example
from .verdicts import Comparison

PREFERENCE = "preference"
SHARES = {"a": 0.0, "tie": 0.5, "b": 1.0}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Judged(_Part):
    """A question, both answers, and what the judge said of them."""

    id: str
    question: str
    expected: str
    first: str
    second: str
    verdict: Verdict
    shown: Verdict | None
    swapped: Verdict | None
    reasons: tuple[str, str]


class Place(_Part):
    """Whether a judge favours what it is shown first.

    Attributes
    ----------
    first, second
        Questions of which it chose what stood first, or second, in both orders.
    asked
        Questions that it was asked.
    p_value
        How likely so many are first, or second, by chance; of the two-sided sign test.
    """

    first: int
    second: int
    asked: int
    p_value: float

    def __str__(self) -> str:
        """Say it in words."""
        told = f"it chose what was shown first in both orders of {self.first} questions, and second of {self.second}"
        return f"{told}, of {self.asked}; p = {self.p_value:.3g}"


class Judgement(_Part):
    """Two models in the eyes of a judge.

    Attributes
    ----------
    first_wins, ties, second_wins
        Questions by verdict; a verdict that changes with the order is a tie, and so are answers that are the same.
    same, changed
        Ties of which the answers are the same, and of which the verdict changed with the order.
    nonsense
        Questions without a usable verdict, and why; they count for nothing.
    comparison
        Preference: share of the second less that of the first, ties halved.
    agreement
        Cohen's kappa of the judge and each person.
    """

    first: str
    second: str
    judge: str
    asked: str
    row: str
    created: str
    level: float
    first_wins: int
    ties: int
    second_wins: int
    same: int
    changed: int
    nonsense: dict[str, str]
    left: int
    stopped: str
    comparison: Comparison
    place: Place
    agreement: tuple[Coefficient, ...]
    faults: tuple[str, ...]
    rulings: tuple[Judged, ...]

    @property
    def win_rate(self) -> tuple[float, float | None, float | None]:
        """How often the second is preferred, ties halved, with its interval."""
        one = self.comparison
        low, high = (None if end is None else min(max((1 + end) / 2, 0.0), 1.0) for end in (one.low, one.high))
        return (1 + one.difference) / 2, low, high


def judgement_of(
    rulings: Rulings,
    asked: Shared,
    about: Mapping[str, str],
    settings: EvaluationConfig,
    people: tuple[dict[str, dict[str, Verdict]], list[str]],
) -> Judgement:
    """Find out what the verdicts tell.

    Parameters
    ----------
    rulings : Rulings
        The verdicts.
    asked : Shared
        What the two models were asked.
    about : mapping of str to str
        The attributes ``first``, ``second``, ``judge``, ``asked``, ``row`` and ``created``.
    settings : EvaluationConfig
        How intervals are made, and the smallest difference that matters.
    people : tuple
        As `human_verdicts` gives them.

    Raises
    ------
    DataError
        If nothing was judged, or people judged other questions.
    """
    decided = rulings.decided
    if not decided:
        hint = rulings.stopped or "raise llm.judge.max_cost, or choose another judge"
        raise DataError("no question was judged in both orders", hint=hint)
    counts = Counter(one.verdict for one in decided)
    sides = [tuple(_preference(one, second=second) for one in decided) for second in (False, True)]
    shared = asked._replace(first=sides[0], second=sides[1])
    comparison = compare_examples(shared, [Measure(PREFERENCE, "Preference", True)], settings)[PREFERENCE]
    said, faults = people
    return Judgement(
        **about,
        level=settings.level,
        first_wins=counts["a"],
        ties=counts["tie"],
        second_wins=counts["b"],
        same=rulings.same,
        changed=sum(one.shown != one.swapped for one in decided),
        nonsense=rulings.nonsense,
        left=rulings.left,
        stopped=rulings.stopped,
        comparison=comparison,
        place=_place(decided, rulings.same),
        agreement=tuple(_agreement(name, verdicts, decided, settings) for name, verdicts in sorted(said.items())),
        faults=tuple(faults),
        rulings=tuple(_judged(one) for one in decided),
    )


def read_people(path: Path, models: tuple[str, str]) -> tuple[dict[str, dict[str, Verdict]], list[str]]:
    """Read what people said of two models from a file of JSON lines.

    Raises
    ------
    DataError
        If the file can't be read, or says nothing of the two.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} can't be read: {error}", hint="name a file of JSON lines in UTF-8") from error
    said, faults = human_verdicts(lines, models)
    if not said:
        told = f": {faults[0]}" if faults else ""
        hint = 'write lines such as {"id": "…", "verdict": "a"}; ids are in the report of `llm evaluate judge`'
        raise DataError(f"{path} has no verdict on {models[0]} and {models[1]}{told}", hint=hint)
    return said, faults


def _preference(ruling: Ruling, *, second: bool) -> Example:
    share = SHARES[ruling.verdict]
    return ruling.second.model_copy(update={"scores": {PREFERENCE: share if second else 1 - share}})


def _place(decided: Sequence[Ruling], same: int) -> Place:
    from scipy import stats

    places = Counter(one.place for one in decided)
    first, second = places[1], places[2]
    p_value = float(stats.binomtest(first, first + second).pvalue) if first + second else 1.0
    return Place(first=first, second=second, asked=len(decided) - same, p_value=p_value)


def _agreement(
    name: str, verdicts: Mapping[str, Verdict], decided: Sequence[Ruling], settings: EvaluationConfig
) -> Coefficient:
    """Compare a person with the judge on the questions that the judge was asked."""
    both = [one for one in decided if one.id in verdicts and one.shown is not None]
    rated = [(number, 0, VERDICTS.index(one.verdict)) for number, one in enumerate(both)]
    rated += [(number, 1, VERDICTS.index(verdicts[one.id])) for number, one in enumerate(both)]
    codes = codes_of(rated, len(both), 2)
    resampling = resampling_of([one.first for one in both], samples=settings.samples, level=settings.level, seed=0)
    return measure(cohen_kappa(codes, len(VERDICTS)), "Cohen's kappa", f"judge and {name}", resampling)


def _judged(one: Ruling) -> Judged:
    return Judged(
        id=one.id,
        question=one.first.question,
        expected=one.first.expected,
        first=one.first.answer,
        second=one.second.answer,
        verdict=one.verdict,
        shown=one.shown,
        swapped=one.swapped,
        reasons=one.reasons,
    )
