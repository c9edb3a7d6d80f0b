"""Ask voters at the same time, and wait no longer than is said for any of them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping

from ...errors import first_line
from .consensus import Vote

Ask = Callable[[], Vote]


def gather_votes(askers: Mapping[str, Ask], *, seconds: float) -> list[Vote]:
    """Ask all, and give a vote of each, in the order of the voters.

    Who fails, answers in another's name, or has not answered in time, abstains, with that as the reason. What is still
    under way then is left to end by itself; its answer is dropped.

    Parameters
    ----------
    askers
        For each voter what asks it, called in a thread of its own.
    seconds
        Time on the clock for all of them together.
    """
    answers: queue.SimpleQueue[Vote] = queue.SimpleQueue()
    for voter, ask in askers.items():
        threading.Thread(target=lambda voter=voter, ask=ask: answers.put(_ask(voter, ask)), daemon=True).start()
    came: dict[str, Vote] = {}
    deadline = time.monotonic() + seconds
    while len(came) < len(askers):
        try:
            vote = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        came[vote.voter] = vote
    late = f"no vote came within {seconds:g} s"
    return [came.get(voter, Vote(voter=voter, reason=late)) for voter in askers]


def _ask(voter: str, ask: Ask) -> Vote:
    try:
        vote = ask()
    except Exception as error:  # whatever goes wrong with one voter, the others decide
        return Vote(voter=voter, reason=f"could not vote: {first_line(error)}")
    return vote if vote.voter == voter else Vote(voter=voter, reason=f"voted in the name of {vote.voter}")
