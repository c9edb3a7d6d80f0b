"""The end of the demonstration: the choice of the agents at work behind the service, until the world changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...demo.service import changed, predict, served, shift
from .continuous_improvement import improve, verdict
from .improvement_page import drift_blocks, lesson_blocks, retraining_blocks

if TYPE_CHECKING:
    from datetime import datetime

    from ...agents.session import Project
    from ...demo.journey import Journey
    from .crew import Work


def put_to_work(journey: Journey, project: Project, model: str) -> tuple[Work, ...]:
    """Serve the champion, ask it, change the world, and have the model improved.

    Returns
    -------
    tuple
        What agents did.
    """
    with served(journey) as client:
        predict(journey, client, model)
        begun = shift(journey, client, model)
    return _improve(journey, project, model, begun)


def _improve(journey: Journey, project: Project, model: str, begun: datetime) -> tuple[Work, ...]:
    """Have agents look after the model, as the new instrument measures, and ask again what they have learned."""
    with journey.step("Improve") as step:
        there = replace(project, config=changed(journey, model))
        found = improve(there, model, since=begun.isoformat())
        found.ending.check()
        for lesson in found.recalled:
            step.say(f"remembered: {lesson}")
        step.say(verdict(found))
        step.say(f"learned: {found.lesson}")
        step.show(*drift_blocks(found), *retraining_blocks(found), *lesson_blocks(found))
        step.facts |= found.model_dump(mode="json", exclude={"work"})
    return found.work
