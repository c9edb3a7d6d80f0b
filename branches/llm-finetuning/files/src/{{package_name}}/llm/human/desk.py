"""What one person has before them while they compare answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..evaluation.judging import Verdict
from .store import HumanStore, Rating
from .tasks import Item, Task


@dataclass
class Desk:
    """What one person has before them.

    Attributes
    ----------
    items : sequence of Item
        In the order of this person, without those whose answers are the same.
    item : Item or None
        What is looked at; None where all is rated.
    verdict : str
        What is chosen, as it lies on the screen: left, right, tie, or nothing yet.
    points : dict of (str, int) to int
        What is given, by scale and side.
    rated : dict of str to Rating
        What this person said, by item.
    total : int
        Pairs that are rated by this person, or may be still: others have rated some often enough.
    """

    names: Sequence[str]
    task: Task
    items: Sequence[Item]
    store: HumanStore
    annotator: str
    item: Item | None = None
    verdict: str = ""
    comment: str = ""
    points: dict[tuple[str, int], int] = field(default_factory=dict)
    rated: dict[str, Rating] = field(default_factory=dict)
    total: int = 0

    @property
    def swapped(self) -> bool:
        """Whether the second answer lies on the left."""
        return self.item is not None and self.task.swapped(self.annotator, self.item)

    @property
    def answers(self) -> tuple[str, str]:
        """The answers from left to right."""
        if self.item is None:
            return "", ""
        both = self.item.answer_a, self.item.answer_b
        return (both[1], both[0]) if self.swapped else both

    @property
    def missing(self) -> tuple[str, int] | None:
        """The first scale without points, on the left before the right."""
        fields = [(scale, side) for side in (0, 1) for scale in self.task.scales]
        return next((one for one in fields if one not in self.points), None)

    def next(self) -> None:
        """Go to the next pair that this person has not rated."""
        chosen = self.store.give(self.task, self.annotator, [one.id for one in self.items])
        self._read()
        self._open(next((one for one in self.items if one.id == chosen), None))

    def back(self) -> bool:
        """Go to the pair that was rated before the one that is looked at, and say whether there is one."""
        ids = list(self.rated)
        place = ids.index(self.item.id) if self.item and self.item.id in self.rated else len(ids)
        if place == 0:
            return False
        self._open(next(one for one in self.items if one.id == ids[place - 1]))
        return True

    def save(self) -> None:
        """Keep what was chosen, and go to the next pair."""
        if self.item is None:
            return
        order = (1, 0) if self.swapped else (0, 1)
        scores = {scale: (self.points[scale, order[0]], self.points[scale, order[1]]) for scale in self.task.scales}
        verdicts: dict[str, Verdict] = {"tie": "tie", "left": "b" if self.swapped else "a"}
        verdict = verdicts.get(self.verdict, "a" if self.swapped else "b")
        self.store.rate(self.task, Rating(self.item.id, self.annotator, verdict, scores, self.comment.strip()))
        self.next()

    def _read(self) -> None:
        ratings = self.store.latest(self.task.name)
        self.rated = {one.item: one for one in ratings if one.annotator == self.annotator}
        times = Counter(one.item for one in ratings)
        most = self.task.annotators or len(ratings) + 1
        self.total = sum(one.id in self.rated or times[one.id] < most for one in self.items)

    def _open(self, item: Item | None) -> None:
        """Look at a pair, with what was said about it before."""
        self.item, self.verdict, self.comment, self.points = item, "", "", {}
        said = self.rated.get(item.id) if item else None
        if said is None:
            return
        sides = {"a": "right" if self.swapped else "left", "b": "left" if self.swapped else "right", "tie": "tie"}
        self.verdict, self.comment = sides[said.verdict], said.comment
        for scale, (a, b) in said.scores.items():
            left, right = (b, a) if self.swapped else (a, b)
            self.points |= {(scale, 0): left, (scale, 1): right}
