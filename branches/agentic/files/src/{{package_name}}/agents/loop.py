"""The loop of an agent, as a graph of LangGraph whose state is JSON.

    plan → think → act → think → … → reflect → the end

Each pass through a node is a step that the checkpointer keeps. `think` asks the model; `act` makes the calls that it
asked for: those that only read side by side, those with an effect one a step, so that a crash leaves at most one in
doubt.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from pydantic import JsonValue

from . import messages as words
from .asking import ask
from .errors import ModelUnavailable
from .jsonable import as_text
from .memory.conversation import shorten
from .messages import Packed, pack, unpack
from .plans import failed_since, plan_of
from .repetition import repeats
from .session import Session
from .structured import NotStructured, read_structured
from .tasks import Status, Step
from .tool_calling import ApprovalNeeded, Call, call_tool
from .tools.spec import Effect

if TYPE_CHECKING:
    from .base import Agent

_MOST_REPAIRS = 2
_MOST_SIDE_BY_SIDE = 8


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
    status: str
    reason: str
    output: JsonValue


@dataclass(frozen=True, slots=True)
class Turn:
    """Who runs, and with what."""

    agent: Agent
    session: Session


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


def plan(state: State, runtime: Runtime[Turn]) -> State:
    """Ask for a plan, at first and after a step of it failed."""
    turn = runtime.context
    again = bool(state.get("plan"))
    prompt = HumanMessage(words.REPLAN if again else words.PLAN)
    answer, steps, ended = _ask(turn, state, [pack(prompt)], tools=False)
    if answer is None:
        return {**ended, "steps": steps}
    lines = plan_of(answer.text)
    turn.session.emit("plan", turn.agent.name, steps=list(lines), again=again)
    counted = state.get("replanned", 0) + again
    # The next turn is the model's again: a conversation that ends with its own words is refused by some providers.
    messages = [pack(prompt), pack(AIMessage(answer.text)), pack(HumanMessage(words.CARRY_OUT))]
    return {"messages": messages, "steps": steps, "plan": lines, "replanned": counted, "turns": _turns(state)}


def think(state: State, runtime: Runtime[Turn]) -> State:
    """Ask the model what to do next: calls, or the answer."""
    turn = runtime.context
    answer, steps, ended = _ask(turn, state, [], tools=True)
    if answer is None:
        return {**ended, "steps": steps}
    update: State = {"messages": [pack(answer)], "steps": steps, "turns": _turns(state), "pending": []}
    if answer.tool_calls or answer.invalid_tool_calls:
        calls = [{"id": c["id"] or "", "name": c["name"], "arguments": c["args"]} for c in answer.tool_calls]
        broken = [
            {"id": c["id"] or "", "name": c["name"] or "unknown", "broken": c["error"] or "they are no JSON"}
            for c in answer.invalid_tool_calls
        ]
        return {**update, "pending": calls + broken}
    return {**update, **_answered(turn, state, answer.text)}


def act(state: State, runtime: Runtime[Turn]) -> State:
    """Make the calls that are next: several that read, or one with an effect."""
    turn, pending = runtime.context, state["pending"]
    ended = _limits(turn, state, asking=False)
    if ended:
        return ended
    chosen = _next_calls(turn, pending)
    first, tainted = state.get("calls", 0), state.get("tainted", False)
    made = _call_all(turn, chosen, first, tainted)
    steps = [step for of_call in made for step in of_call]
    update: State = {
        "messages": [_told(turn, call, of_call[-1]) for call, of_call in zip(chosen, made, strict=True)],
        "steps": [step.model_dump(mode="json") for step in steps],
        "pending": pending[len(chosen) :],
        "calls": first + len(chosen),
        "tainted": tainted or any(step.tainted for step in steps),
    }
    most = turn.session.config.agents.repeated_calls
    repeated = repeats([*state.get("steps", []), *update["steps"]], turn.agent.name, most)
    if repeated:
        update |= {"status": Status.PARTIAL, "reason": repeated, "output": _so_far(state, update)}
    return update


def reflect(state: State, runtime: Runtime[Turn]) -> State:
    """Let the model criticise its answer, and write it again if it finds fault."""
    turn, critiques = runtime.context, state.get("critiques", 0)
    critique, steps, ended = _ask(turn, state, [pack(HumanMessage(words.CRITIQUE))], tools=False)
    if critique is None:
        return {**ended, "steps": steps}
    update: State = {"steps": steps, "critiques": critiques + 1, "turns": _turns(state)}
    if critique.text.strip().upper().startswith("OK"):
        return {**update, "status": Status.DONE}
    said = [HumanMessage(words.CRITIQUE), AIMessage(critique.text), HumanMessage(words.REVISE)]
    return {**update, "messages": [pack(one) for one in said], "status": Status.RUNNING}


def _ask(
    turn: Turn, state: State, more: list[Packed], *, tools: bool
) -> tuple[AIMessage | None, list[dict[str, Any]], State]:
    """Ask the model; without an answer, the state says how the run ended."""
    ended = _limits(turn, state, asking=True)
    if ended:
        return None, [], ended
    session = turn.session
    whole = [*state["messages"], *more]
    conversation = [unpack(one) for one in shorten(whole, session.config.memory.token_limit, session.enclose)]
    try:
        answer, step = ask(turn.session, turn.agent, conversation, tools=tools)
    except ModelUnavailable as error:
        ended = {"status": Status.FAILED, "reason": session.clean(str(error)), "output": _so_far(state, {})}
        raise NoAnswer({**state, **ended}) from error
    steps = [step.model_copy(update={"tainted": state.get("tainted", False)}).model_dump(mode="json")]
    if session.cancelled():  # what it said may be half an answer
        return None, steps, _limits(turn, state, asking=False)
    return answer, steps, {}


def _turns(state: State) -> int:
    return state.get("turns", 0) + 1


def _limits(turn: Turn, state: State, *, asking: bool) -> State:
    """End the run where a person or a limit says so; an empty state otherwise."""
    session, most = turn.session, turn.agent.max_iterations
    if session.cancelled():
        return {"status": Status.CANCELLED, "reason": "it was cancelled", "output": _so_far(state, {})}
    refused = session.gate.refusal(session.task)
    if refused:
        status = Status.CANCELLED if state.get("turns", 0) else Status.REFUSED
        return {"status": status, "reason": refused, "output": _so_far(state, {})}
    spent = turn.agent.meter(session).spent()
    if not spent and asking and state.get("turns", 0) >= most:
        spent = f"{turn.agent.name} has asked its model {most} times without coming to an end"
    return {"status": Status.PARTIAL, "reason": spent, "output": _so_far(state, {})} if spent else {}


def _so_far(state: State, update: State) -> JsonValue:
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


def _answered(turn: Turn, state: State, text: str) -> State:
    """Take an answer, or send it back when it is empty or does not keep to the schema."""
    repairs, schema = state.get("repairs", 0), turn.session.task.answer_schema
    if not text.strip():
        if repairs < _MOST_REPAIRS:
            return {"messages": [pack(AIMessage(text)), pack(HumanMessage(words.EMPTY))], "repairs": repairs + 1}
        return {"status": Status.FAILED, "reason": "the model gave empty answers", "output": _so_far(state, {})}
    if schema is None:
        return {"status": Status.DONE, "output": turn.session.clean(text)}
    try:
        return {"status": Status.DONE, "output": read_structured(turn.session.clean(text), schema)}
    except NotStructured as error:
        if repairs < _MOST_REPAIRS:
            fault = HumanMessage(f"{error.message}. {words.SCHEMA} {as_text(schema)}")
            return {"messages": [pack(AIMessage(text)), pack(fault)], "repairs": repairs + 1}
        return {"status": Status.PARTIAL, "reason": error.message, "output": turn.session.clean(text)}


def _next_calls(turn: Turn, pending: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the first call, and with it those after it if all of them only read."""
    chosen: list[dict[str, Any]] = []
    for call in pending[:_MOST_SIDE_BY_SIDE]:
        tool = turn.agent.tools.get(call["name"])
        alone = call["name"] in turn.agent.helpers or (tool is not None and tool.effect is not Effect.READ)
        if alone:
            return chosen or [call]
        chosen.append(call)
    return chosen


def _call_all(turn: Turn, calls: list[dict[str, Any]], first: int, tainted: bool) -> list[list[Step]]:
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


def _told(turn: Turn, call: dict[str, Any], step: Step) -> Packed:
    text = f"error: {step.error}" if step.error else as_text(step.output)
    shown = turn.session.enclose(text) if step.tainted else text
    return pack(
        ToolMessage(shown, tool_call_id=call["id"], name=call["name"], status="error" if step.error else "success")
    )


def _after_plan(state: State) -> str:
    return END if Status(state["status"]).ended else "think"


def _after_think(state: State) -> str:
    status = Status(state["status"])
    if status is Status.DONE and state.get("pending"):
        return "act"
    if status.ended:
        return END
    return "act" if state.get("pending") else "think"


def _after_act(replan: bool) -> Callable[[State], str]:
    def choose(state: State) -> str:
        if Status(state["status"]).ended:
            return END
        if state.get("pending"):
            return "act"
        return "plan" if replan and not state.get("replanned", 0) and failed_since(state["messages"]) else "think"

    return choose


def _after_reflection(state: State) -> str:
    return END if Status(state["status"]).ended else "think"


def _reflecting(most: int) -> Callable[[State], str]:
    def choose(state: State) -> str:
        after = _after_think(state)
        done = state["status"] == Status.DONE and not state.get("pending")
        return "reflect" if done and state.get("critiques", 0) < most else after

    return choose


@cache
def build_graph(strategy: str, critiques: int = 1) -> Any:
    """Build the graph of a strategy: `plan_execute`, `react` or `reflection`. All agents share it."""
    graph = StateGraph(State, context_schema=Turn)
    graph.add_node("think", think)
    graph.add_node("act", act)
    planned, reflective = strategy == "plan_execute", strategy == "reflection"
    if planned:
        graph.add_node("plan", plan)
        graph.add_edge(START, "plan")
        graph.add_conditional_edges("plan", _after_plan, ["think", END])
    else:
        graph.add_edge(START, "think")
    if reflective:
        graph.add_node("reflect", reflect)
        graph.add_conditional_edges("reflect", _after_reflection, ["think", END])
    graph.add_conditional_edges(
        "think",
        _reflecting(critiques) if reflective else _after_think,
        ["think", "act", END, *(["reflect"] if reflective else [])],
    )
    graph.add_conditional_edges("act", _after_act(planned), ["act", "think", END, *(["plan"] if planned else [])])
    return graph.compile()
