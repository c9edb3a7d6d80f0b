"""What each turn of an agent has, whatever leads it from one to the next: limits, the model, calls, the answer."""

from __future__ import annotations

import operator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.types import interrupt
from pydantic import JsonValue

from . import messages as words
from .asking import ask
from .errors import ModelUnavailable
from .jsonable import as_text
from .memory.summaries import show
from .messages import Packed, pack, unpack
from .repetition import repeats
from .session import Session
from .structured import NotStructured, read_structured
from .tasks import Status, Step
from .tool_calling import ApprovalNeeded, Call, call_tool

if TYPE_CHECKING:
    from .base import Agent

MOST_REPAIRS = 2
"""How often an answer is sent back because of its form."""


class State(TypedDict, total=False):
    """What is kept of a run after each step: JSON alone.

    Attributes
    ----------
    pending
        Calls that the model asked for and that are not made yet.
    calls, turns
        How many calls were made, and how often the model was asked.
    repairs, critiques
        How often an answer was sent back because of its form, and because of its content.
    summary
        What models are shown in place of the first messages, once there are too many: its text, and of how many.
    exchanges
        Questions of a framework that leads, each as its hash, with the answer that it got.
    """

    messages: Annotated[list[Packed], operator.add]
    steps: Annotated[list[dict[str, Any]], operator.add]
    pending: list[dict[str, Any]]
    calls: int
    turns: int
    repairs: int
    critiques: int
    replanned: int
    tainted: bool
    plan: list[str]
    summary: dict[str, JsonValue]
    exchanges: Annotated[list[dict[str, Any]], operator.add]
    status: str
    reason: str
    output: JsonValue


@dataclass(frozen=True)
class Turn:
    """Who runs, and with what.

    Attributes
    ----------
    reached
        The state after the last step, also where it could not be kept.
    """

    agent: Agent
    session: Session
    reached: State = field(default_factory=State, repr=False, compare=False)
    _unpacked: dict[int, tuple[Packed, AnyMessage]] = field(default_factory=dict, repr=False, compare=False)

    def message(self, packed: Packed) -> AnyMessage:
        """Give a message of a conversation; it is made once, though each turn asks for all."""
        known = self._unpacked.get(id(packed))
        if known is None or known[0] is not packed:
            known = self._unpacked[id(packed)] = packed, unpack(packed)
        return known[1]

    def reach(self, state: State, update: State) -> State:
        """Give the state after a step, and remember it."""
        messages = [*state["messages"], *update.get("messages", [])]
        steps = [*state.get("steps", []), *update.get("steps", [])]
        self.reached.update({**state, **update, "messages": messages, "steps": steps})
        return self.reached


class NoAnswer(Exception):
    """A model could not be asked. The graph stands before that node, so that a resumed run asks again.

    Attributes
    ----------
    state
        How the run ends for now.
    """

    def __init__(self, state: State) -> None:
        super().__init__(state["reason"])
        self.state = state


def begin(turn: Turn) -> State:
    """Give the state at the start: who the agent is, its task, and what it remembers."""
    agent, session = turn.agent, turn.session
    memories = session.memory.recall(session.task)
    foreign = any(tool.foreign for tool in agent.tools.values())
    system = words.system_prompt(agent.role, agent.schemas(), agent.instructions)
    prompt = words.task_prompt(session.task, words.recalled(memories, session.enclose))
    return {
        "messages": [{"type": "system", "content": system}, {"type": "human", "content": session.clean(prompt)}],
        "tainted": session.tainted or foreign or any(memory.tainted for memory in memories),
        "status": Status.RUNNING,
    }


def ask_model(
    turn: Turn, state: State, more: list[Packed], *, tools: bool
) -> tuple[AIMessage | None, list[dict[str, Any]], State]:
    """Ask the model; without an answer, the state says how the run ended, and else what else is kept."""
    ended = limits(turn, state, asking=True)
    if ended:
        return None, [], ended
    session = turn.session
    shown = show(session, turn.agent, state["messages"], more, state.get("summary", {}))
    conversation = [turn.message(one) for one in shown.messages]
    try:
        answer, step = ask(turn.session, turn.agent, conversation, tools=tools)
    except ModelUnavailable as error:
        ended = {"status": Status.FAILED, "reason": session.clean(str(error)), "output": so_far(state, {})}
        raise NoAnswer({**state, **ended}) from error
    tainted = {"tainted": state.get("tainted", False)}
    steps = [one.model_copy(update=tainted).model_dump(mode="json") for one in (*shown.steps, step)]
    if session.cancelled() or step.error:  # what it said may be half an answer, or none
        return None, steps, limits(turn, {**state, "turns": turns(state)}, asking=False)
    return answer, steps, {"summary": shown.summary} if shown.summary else {}


def turns(state: State) -> int:
    """Count one more time that the model was asked."""
    return state.get("turns", 0) + 1


def limits(turn: Turn, state: State, *, asking: bool) -> State:
    """End the run where a person or a limit says so; an empty state otherwise."""
    session, most = turn.session, turn.agent.max_iterations
    if session.stop.is_set():
        return {"status": Status.CANCELLED, "reason": "it was cancelled", "output": so_far(state, {})}
    refused = session.refusal()
    if refused:
        status = Status.CANCELLED if state.get("turns", 0) else Status.REFUSED
        return {"status": status, "reason": refused, "output": so_far(state, {})}
    spent = turn.agent.meter(session).spent()
    if not spent and asking and state.get("turns", 0) >= most:
        spent = f"{turn.agent.name} has asked its model {most} times without coming to an end"
    return {"status": Status.PARTIAL, "reason": spent, "output": so_far(state, {})} if spent else {}


def so_far(state: State, update: State) -> JsonValue:
    """Give what there is: the last answer, or what the tools gave."""
    steps = [*state.get("steps", []), *update.get("steps", [])]
    if state.get("output") is not None:
        return state["output"]
    gave: list[JsonValue] = [
        {"tool": step["name"], "output": step["output"]}
        for step in steps
        if step["kind"] == "tool" and not step["error"]
    ]
    return gave or None


def answered(turn: Turn, state: State, text: str) -> State:
    """Take an answer, or send it back when it is empty or does not keep to the schema."""
    repairs, schema = state.get("repairs", 0), turn.session.task.answer_schema
    if not text.strip():
        if repairs < MOST_REPAIRS:
            return {"messages": [pack(AIMessage(text)), pack(HumanMessage(words.EMPTY))], "repairs": repairs + 1}
        return {"status": Status.FAILED, "reason": "the model gave empty answers", "output": so_far(state, {})}
    ended = _how_it_ended(turn.agent.name, state)
    if schema is None:
        return {**ended, "output": turn.session.clean(text)}
    try:
        return {**ended, "output": read_structured(turn.session.clean(text), schema)}
    except NotStructured as error:
        if repairs < MOST_REPAIRS:
            fault = HumanMessage(f"{error.message}. {words.SCHEMA} {as_text(schema)}")
            return {"messages": [pack(AIMessage(text)), pack(fault)], "repairs": repairs + 1}
        return {"status": Status.PARTIAL, "reason": error.message, "output": turn.session.clean(text)}


def _how_it_ended(agent: str, state: State) -> State:
    """Say that a task failed of which no call worked: what the model answers then stands on nothing."""
    calls = [one for one in state.get("steps", []) if one["agent"] == agent and one["kind"] in ("tool", "message")]
    if not calls or not all(one["error"] for one in calls):
        return {"status": Status.DONE}
    last = calls[-1]
    counted = "its only call" if len(calls) == 1 else f"all of its {len(calls)} calls"
    return {"status": Status.FAILED, "reason": f"{counted} failed, {last['name']} with: {last['error']}"}


def call_all(turn: Turn, calls: list[dict[str, Any]], first: int, tainted: bool) -> list[list[Step]]:
    """Make calls, several of them side by side, and give the steps of each.

    Parameters
    ----------
    calls
        Each with `id`, `name`, and `arguments` or why they are `broken`.
    first
        How many calls were made before.
    tainted
        Whether the model had read untrusted content.
    """

    def make(number: int, call: dict[str, Any]) -> list[Step]:
        given = call.get("arguments") or {}
        return _call(turn, Call(call["id"], call["name"], given, number, tainted, call.get("broken", "")))

    if len(calls) == 1:
        return [make(first, calls[0])]
    with ThreadPoolExecutor(len(calls), thread_name_prefix="calls") as pool:
        waiting = [pool.submit(copy_context().run, make, first + i, call) for i, call in enumerate(calls)]
        return [one.result() for one in waiting]


def _call(turn: Turn, call: Call) -> list[Step]:
    agent, session = turn.agent, turn.session
    while True:
        try:
            if call.name in agent.helpers:
                return agent.helpers[call.name].help(session, agent, call)
            return [call_tool(session, agent.name, agent.tools, call, agent.meter(session))]
        except ApprovalNeeded as needed:
            # Ends the run here, for now. When it goes on, the question is put again: its answer was kept elsewhere.
            interrupt(needed.request.model_dump(mode="json"))


def looping(turn: Turn, state: State, update: State) -> State:
    """End the run where the calls of a turn, with those before it, go in a circle; an empty state otherwise."""
    steps = [*state.get("steps", []), *update["steps"]]
    repeated = repeats(steps, turn.agent.name, turn.session.config.agents.repeated_calls)
    return {"status": Status.PARTIAL, "reason": repeated, "output": so_far(state, update)} if repeated else {}


def told(turn: Turn, call: dict[str, Any], step: Step) -> Packed:
    """Write what a call gave for the model that asked for it."""
    text = f"error: {step.error}" if step.error else as_text(step.output)
    shown = turn.session.enclose(text) if step.tainted else text
    return pack(
        ToolMessage(shown, tool_call_id=call["id"], name=call["name"], status="error" if step.error else "success")
    )
