"""Who puts a candidate to work: back at the first fault, forward when it is better, and patient in between."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage

from ....agents.models.conversation import Conversation, Made
from ..adaptive_deployment import OPERATOR
from . import call_of, rule_of, say


def operate(conversation: Conversation) -> AIMessage:
    """Look at the figures, and do what they call for."""
    made = {one.name: one for one in conversation.made}
    if "canary_figures" not in made:
        return call_of(conversation, ("canary_figures", {}))
    if "roll_back" in made:
        return say({"reason": f"It was rolled back: {made['roll_back'].arguments['reason']}."})
    if "roll_forward" in made:
        return _after_forward(conversation, made["roll_forward"])
    figures: Any = made["canary_figures"].output
    worse = figures["evidence"] if figures["quality"] == "worse" else ""
    fault = figures["withdrawn"] or figures["fault"] or worse
    if fault:
        return call_of(conversation, ("roll_back", {"reason": fault}))
    if figures["quality"] == "better" or conversation.inputs["look"] == conversation.inputs["looks"]:
        return call_of(conversation, ("roll_forward", {}))
    return say({"reason": f"It is watched on: no fault, and {figures['evidence']}."})


def _after_forward(conversation: Conversation, made: Made) -> AIMessage:
    """Report what was rolled forward, and roll back what was not let through."""
    told: Any = made.output
    if made.failed or not told["promoted"]:
        return call_of(conversation, ("roll_back", {"reason": str(told) if made.failed else told["reason"]}))
    return say({"reason": f"It was rolled forward: {told['reason']}."})


RULE = rule_of("operate", OPERATOR, operate)
