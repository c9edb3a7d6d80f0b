"""Who keeps a model good: it trains what an earlier lesson names as best, or else all that there is."""

from __future__ import annotations

import re

from langchain_core.messages import AIMessage

from ....agents.models.conversation import Conversation
from ..continuous_improvement import IMPROVER
from . import call_of, rule_of, say

_BEST = re.compile(r"Of [^.]*?, (\S+) was best and promoted\b")


def improve(conversation: Conversation) -> AIMessage:
    """Look at the drift, train, and say what that teaches."""
    made = {one.name: one for one in conversation.made}
    if "drift_report" not in made:
        return call_of(conversation, ("drift_report", {}))
    best = _remembered(conversation)
    if "model_retrainer" not in made:
        wanted = [best] if best else conversation.inputs["algorithms"]
        return call_of(conversation, ("model_retrainer", {"algorithms": wanted}))
    told = made["model_retrainer"]
    if told.failed or not isinstance(told.output, dict) or "algorithm" not in told.output:
        return say({"lesson": "The model could not be trained anew."})
    algorithm, outcome = told.output["algorithm"], told.output["outcome"]
    if outcome == "promoted":
        again = ", once more" if best == algorithm else ""
        return say({"lesson": f"When it drifts, {algorithm} is to be trained first{again}."})
    return say({"lesson": f"{algorithm} was no gain: when it drifts, all algorithms are to be tried."})


def _remembered(conversation: Conversation) -> str:
    """Name the algorithm that an earlier lesson found to be the best for this model; nothing if none did."""
    about = f"The model {conversation.inputs['model']} drifted"
    lessons = [one for one in conversation.remembered if one.startswith(about)]
    found = [name for lesson in lessons for name in _BEST.findall(lesson) if name in conversation.inputs["algorithms"]]
    return found[0] if found else ""


RULE = rule_of("improve", IMPROVER, improve)
