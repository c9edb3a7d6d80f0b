"""Dead letters that are sent again when the cause is gone: each becomes a row once, with the place that it had.

Letters are forgotten after the rows of all were kept. If that is interrupted, the rows come again, each as the same: of
equal rows that tables may have brought only their number tells, so none of them may be gone before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from .dead_letters import DeadLetters, Place, StoredLetter
from .intake import Intake, Progress
from .ledger import Ledger
from .messages import Messages, Partition

_MANY = 10_000  # letters of one transaction


@dataclass(slots=True)
class Resent:
    """What became of letters: rows, or dead letters still."""

    rows: int = 0
    rejected: int = 0


def resend(
    letters: DeadLetters,
    intake_of: Callable[[str], Intake],
    ledger: Ledger,
    *,
    source: str | None = None,
    reason: str | None = None,
) -> Resent:
    """Take dead letters as events once more.

    Parameters
    ----------
    intake_of
        Gives what makes rows of the events of a source.
    source, reason
        Only those of a source, or with a reason.

    Raises
    ------
    FeatureError
        If a store can't be used; what was not kept is a dead letter still.
    """
    done = Resent()
    right: list[Place] = []
    after = None
    while many := letters.page(after, _MANY, source=source, reason=reason):
        after = many[-1]
        for (topic, number, name), group in groupby(many, key=_origin):
            again = list(group)
            payloads = [one.payload for one in again]
            messages = Messages(Partition(topic, number), [one.place for one in again], payloads)
            taken = intake_of(name).take(messages, Progress())
            ledger.add(taken)
            wrong = {one.offset for one in taken.dead}
            letters.keep(name, taken.dead)
            right += [one[:3] for one in again if one.place not in wrong]
            done.rows += len(taken.rows)
            done.rejected += len(wrong)
    letters.forget(right)
    return done


def _origin(one: StoredLetter) -> tuple[str, int, str]:
    return one.topic, one.number, one.source
