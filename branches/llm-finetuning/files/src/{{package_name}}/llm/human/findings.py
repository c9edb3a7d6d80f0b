"""What ratings tell: which model people prefer, and how far they agree on it.

items, ratings → verdicts and points of each model → comparisons; categories by person → agreement
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from ..evaluation.agreement import Coefficient
from ..evaluation.comparing import Measure, compare_examples
from ..evaluation.config import EvaluationConfig
from ..evaluation.estimates import resampling_of
from ..evaluation.judgement import PREFERENCE, SHARES
from ..evaluation.pairing import Shared
from ..evaluation.records import Example
from ..evaluation.verdicts import Comparison
from .agreeing import Rated, agreement_of, gather
from .config import HumanConfig
from .store import Rating
from .tasks import Item, Task


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Duel(_Part):
    """Two models in the eyes of people.

    Attributes
    ----------
    wins_a, ties, wins_b
        Ratings by what was better.
    same
        Questions to which both gave the same answer; nobody was asked.
    comparisons
        Preference and scales; the second is the model b. Preference is the share of b less that of a, ties halved.
    """

    a: str
    b: str
    wins_a: int
    ties: int
    wins_b: int
    same: int
    comparisons: dict[str, Comparison]

    @property
    def win_rate(self) -> tuple[float, float | None, float | None]:
        """How often b is preferred, ties halved, with its interval."""
        one = self.comparisons[PREFERENCE]
        low, high = (None if end is None else min(max((1 + end) / 2, 0.0), 1.0) for end in (one.low, one.high))
        return (1 + one.difference) / 2, low, high


class Annotator(_Part):
    """What is known of one person.

    Attributes
    ----------
    left
        Answers on the left that they preferred, of `decided` that they preferred at all.
    p_value
        How likely so many or so few are left by chance.
    """

    name: str
    ratings: int
    ties: int
    left: int
    decided: int
    p_value: float


class Findings(_Part):
    """All that a task told.

    Attributes
    ----------
    level
        Of intervals.
    pair_level
        Of the intervals of two models among several: higher, so that all hold together (Bonferroni).
    items
        Pairs of answers that people are asked about, of which `rated` were rated.
    """

    task: Task
    created: str
    level: float
    pair_level: float
    items: int
    rated: int
    ratings: int
    annotators: tuple[Annotator, ...]
    agreement: tuple[Coefficient, ...]
    duels: tuple[Duel, ...]
    comments: tuple[tuple[str, str, str], ...]


def find_out(
    task: Task,
    items: Sequence[Item],
    ratings: Sequence[Rating],
    settings: tuple[HumanConfig, EvaluationConfig],
    created: str,
) -> Findings:
    """Compare the models of a task, and measure agreement.

    Parameters
    ----------
    ratings : sequence of Rating
        Those that count, at least one.
    settings : tuple
        The smallest difference that matters, and how intervals are made.
    """
    human, evaluation = settings
    rated = gather(items, ratings)
    pairs = list(dict.fromkeys((item.a, item.b) for item in items))
    level = 1 - (1 - evaluation.level) / len(pairs)
    rules = evaluation.model_copy(update={"level": level, "least_difference": human.least_difference})
    examples = [_example(item, {}) for item in rated.items]
    resampling = resampling_of(examples, samples=evaluation.samples, level=evaluation.level, seed=0)
    texts = {item.id: item.question for item in items}
    return Findings(
        task=task,
        created=created,
        level=evaluation.level,
        pair_level=level,
        items=sum(not item.same for item in items),
        rated=len(rated.items),
        ratings=len(ratings),
        annotators=tuple(_annotator(task, name, rated) for name in rated.people),
        agreement=tuple(agreement_of(task, rated, resampling)) if len(rated.people) > 1 else (),
        duels=tuple(duel for pair in pairs if (duel := _duel(task, pair, items, rated, rules))),
        comments=tuple((texts[one.item], one.annotator, one.comment) for one in ratings if one.comment),
    )


def _duel(
    task: Task, pair: tuple[str, str], items: Sequence[Item], rated: Rated, rules: EvaluationConfig
) -> Duel | None:
    """Compare two models by what people said; None where nobody said anything."""
    mine = [item for item in rated.items if (item.a, item.b) == pair]
    if not mine:
        return None
    said = [rating.verdict for item in mine for rating in rated.ratings[item.id]]
    sides = [_side(task, mine, rated, place) for place in (0, 1)]
    shared = Shared(tuple(sides[0]), tuple(sides[1]), (0, 0))
    found = compare_examples(shared, [Measure(PREFERENCE, "Preference", True)], rules)
    wider = rules.model_copy(update={"least_difference": rules.least_difference * (task.points - 1)})
    found |= compare_examples(shared, [Measure(_scale(name), name.capitalize(), True) for name in task.scales], wider)
    return Duel(
        a=pair[0],
        b=pair[1],
        wins_a=said.count("a"),
        ties=said.count("tie"),
        wins_b=said.count("b"),
        same=sum(item.same for item in items if (item.a, item.b) == pair),
        comparisons=found,
    )


def _side(task: Task, items: Sequence[Item], rated: Rated, place: int) -> list[Example]:
    """Give what people think of one of two models, item by item: the mean of all who rated it."""
    found = []
    for item in items:
        ratings = rated.ratings[item.id]
        share = math.fsum(SHARES[one.verdict] for one in ratings) / len(ratings)
        scores = {PREFERENCE: share if place else 1 - share}
        for name in task.scales:
            scores[_scale(name)] = math.fsum(one.scores[name][place] for one in ratings) / len(ratings)
        found.append(_example(item, scores))
    return found


def _example(item: Item, scores: dict[str, float]) -> Example:
    group = item.group or item.question_id  # of three models or more, several pairs are about one question
    return Example(question=item.question, expected=item.expected, answer="", group=group, scores=scores)


def _scale(name: str) -> str:
    return f"scale {name}"


def _annotator(task: Task, name: str, rated: Rated) -> Annotator:
    from scipy import stats

    mine = [(item, one) for item in rated.items for one in rated.ratings[item.id] if one.annotator == name]
    decided = [(item, one) for item, one in mine if one.verdict != "tie"]
    left = sum((one.verdict == "b") == task.swapped(name, item) for item, one in decided)
    chance = float(stats.binomtest(left, len(decided)).pvalue) if decided else 1.0
    ties = len(mine) - len(decided)
    return Annotator(name=name, ratings=len(mine), ties=ties, left=left, decided=len(decided), p_value=chance)
