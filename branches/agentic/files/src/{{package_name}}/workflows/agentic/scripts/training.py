"""Those who train together: proposers with their favourites, a critic who looks for overfitting, and voters."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage

from ....agents.models.conversation import Conversation
from ..election import ABSTAIN, VOTER
from ..multi_agent_training import CRITIC_ROLE, PROPOSER
from . import call_of, rule_of, say

_TOOL = "data_analyzer"
_SMALL = 0.01  # of a metric: what voters give way over
_GAP = 0.02  # between cross-validation and the validation split: what the critic calls overfitting


def propose(conversation: Conversation) -> AIMessage:
    """Look at the data, and propose the favourite that is allowed."""
    if not conversation.made:
        return call_of(conversation, (_TOOL, {"action": "profile", "dataset": conversation.inputs["dataset"]}))
    options = _allowed(conversation, "algorithm")
    chosen = next((one for one in conversation.inputs["prefers"] if one in options), options[0])
    profile = conversation.outputs(_TOOL)
    rows = conversation.find("rows")
    about = f": {rows} rows are enough for it" if profile else ""
    return say({"algorithm": chosen, "parameters": {}, "reason": f"{chosen}{about}"})


def criticise(conversation: Conversation) -> AIMessage:
    """Find versions that lose much outside of cross-validation, and those that are beaten by far."""
    results, metric, sign = (conversation.inputs[name] for name in ("results", "metric", "sign"))
    best = max(sign * one["cross_validation"][metric] for one in results)
    faults = []
    for one in results:
        lost = sign * (one["cross_validation"][metric] - one["validation"][metric])
        if lost > _GAP:
            faults.append({"version": one["version"], "fault": f"loses {lost:.3f} of {metric} on the validation split"})
        behind = best - sign * one["cross_validation"][metric]
        if behind > _GAP:
            faults.append({"version": one["version"], "fault": f"is {behind:.3f} of {metric} behind the best"})
    return say({"faults": faults})


def vote(conversation: Conversation) -> AIMessage:
    """Vote for the best by one's own metric; give way in a later round where the difference is small.

    The critic goes by the validation split, by which nothing was chosen, and at first votes for no blamed version.
    """
    told = conversation.inputs
    results = {one["option"]: one for one in told["results"] if one["option"] in told["options"]}
    part = "validation" if told["critical"] else "cross_validation"
    if told["critical"] and told["round"] == 1:
        blamed = {one["version"] for one in told["faults"]}
        results = {name: one for name, one in results.items() if one["version"] not in blamed}
    if not results:
        return say({"choice": ABSTAIN, "reason": "each has a fault"})
    worth = {name: told["sign"] * one[part][told["metric"]] for name, one in results.items()}
    best = max(worth, key=lambda name: worth[name])
    metric, value = told["metric"], results[best][part][told["metric"]]
    leading = _leading(told, worth)
    if leading != best and worth[best] - worth[leading] <= _SMALL:
        return say({"choice": leading, "reason": f"gives way, {metric} {value:.3f} of {best} is hardly better"})
    return say({"choice": best, "reason": f"{metric} {value:.3f} is the best of {part.replace('_', '-')}"})


def _leading(told: dict[str, Any], worth: dict[str, float]) -> str:
    """Name what most chose in the round before, among those that one could live with."""
    votes = {name: told["heard"].count(f"chose {name}:") for name in worth}
    most = max(votes.values())
    return max((name for name in worth if votes[name] == most), key=lambda name: worth[name])


def _allowed(conversation: Conversation, name: str) -> list[str]:
    schema = conversation.schema or {}
    return list(schema.get("properties", {}).get(name, {}).get("enum", ()))


RULES = [
    rule_of("propose", PROPOSER, propose),
    rule_of("criticise", CRITIC_ROLE, criticise),
    rule_of("vote", VOTER, vote),
]
