"""An agent that answers questions about customers, and whose every number is held against the feature store.

question → a call of the model → `feature_reader` → words of the model → `feature_checker` → the answer, or why not
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ...agents import ToolAgent
from ...agents.errors import ToolError
from ...agents.opening import project_of
from ...agents.tasks import Status, Step, TaskResult
from ...agents.tools.spec import Effect, Tool, ToolContext, ToolOutput, tool
from ...config import Config
from ..agent_tools import make_checker, make_reader
from .rows import TOOL
from .topics import SET, TOPICS, FeatureName

_INTEGER = re.compile(r"\d+")
_CITED = re.compile(r"\[[^\]]+\]")


@dataclass(frozen=True)
class Answered:
    """What came of a question.

    Attributes
    ----------
    text : str
        What the agent said, with marks where a number does not hold.
    customer, feature
        What it looked up; None if it looked nothing up.
    found : str
        What the tool gave.
    checked : int
        Numbers that were held against the store.
    withheld : str
        Why nobody should be given the text; empty if it holds.
    """

    question: str
    text: str
    customer: int | None
    feature: str | None
    found: str
    checked: int
    withheld: str


class Assistant:
    """Answers questions about customers as they were at a time.

    Parameters
    ----------
    config : Config
        With the models of agents; the one that thinks was tuned on questions about customers.
    at : datetime
        The time of all reads, with a zone.
    """

    def __init__(self, config: Config, at: datetime) -> None:
        self._config, self._at = config, at.isoformat()
        self._project = project_of(config)
        self._checker = make_checker(config)
        self._agent = ToolAgent(tools=[make_lookup(config, self._at)], project=self._project, max_iterations=3)

    def ask(self, question: str) -> Answered:
        """Have the agent answer, and check what it says."""
        result = self._agent.execute(question)
        text = str(result.output or "")
        call = _last_call(result)
        looked_up: Any = call.input if call else {}
        customer, feature = looked_up.get("customer"), looked_up.get("feature")
        found = str(call.output) if call else ""
        if result.status is not Status.DONE:
            reason = result.reason.partition("\n")[0] or str(result.status)
            return Answered(question, text, customer, feature, found, 0, reason)
        marked, checked, withheld = self.check(text, customer)
        if not withheld and customer is not None and str(customer) not in _INTEGER.findall(question):
            withheld = f"customer {customer} was not asked about"
        if not withheld and not all(cited in text for cited in _CITED.findall(found)):
            withheld = "what was looked up is not in it"
        return Answered(question, marked, customer, feature, found, checked, withheld)

    def check(self, text: str, customer: int | None) -> tuple[str, int, str]:
        """Hold each number of a text against the store.

        Returns
        -------
        text : str
            With a mark behind each number that does not hold.
        checked : int
            How many numbers it has.
        fault : str
            Why it should not be told; empty if all of them hold.
        """
        entities = {} if customer is None else {SET: {"feature_set": SET, "entity_id": customer}}
        given = self._checker.check({"text": text, "entities": entities, "at": self._at})
        found: Any = self._checker.run(given, self._context()).content
        fault = "" if found["valid"] else f"{found['wrong']} of {found['checked']} numbers do not hold"
        return found["text"], found["checked"], fault

    def _context(self) -> ToolContext:
        return ToolContext(root=self._config.root, work=self._config.root, task_id="check", key="check")


def make_lookup(config: Config, at: str) -> Tool:
    """Make the tool of the small model: `feature_reader`, of one feature of a customer at one time, told in words."""
    reader, topics = make_reader(config), {topic.feature: topic for topic in TOPICS}

    def lookup(
        context: ToolContext,
        customer: Annotated[int, Field(description="Number of a customer")],
        feature: Annotated[FeatureName, Field(description="What to look up")],
    ) -> ToolOutput:
        """Look up a feature of a customer: the value in words, with what it cites."""
        wanted = {"feature_set": SET, "entity_ids": [customer], "features": [feature], "at": at}
        found: Any = reader.run(reader.check(wanted), context).content
        [entity] = found["entities"]
        value = entity["features"][feature]["value"]
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise ToolError(f"{feature} is no number")
        return ToolOutput(topics[feature].tell(value))

    return tool(Effect.READ, name=TOOL)(lookup)


def _last_call(result: TaskResult) -> Step | None:
    """Give the last call that worked, if there was one."""
    calls = [step for step in result.steps if step.kind == "tool" and not step.error]
    return calls[-1] if calls else None
