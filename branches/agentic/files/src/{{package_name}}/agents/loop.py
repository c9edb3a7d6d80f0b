"""The loop of an agent, as a graph of LangGraph whose state is JSON.

    plan → think → act → think → … → reflect → the end

Each pass through a node is a step that the checkpointer keeps. `think` asks the model; `act` makes the calls that it
asked for: those that only read side by side, those with an effect one a step, so that a crash leaves at most one in
doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from . import messages as words
from .messages import pack
from .plans import failed_since, plan_of
from .tasks import Status
from .tools.spec import Effect
from .turns import State, Turn, answered, ask_model, call_all, limits, looping, told, turns

_MOST_SIDE_BY_SIDE = 8

_Node = Callable[[State, Runtime[Turn]], State]
_Choice = Callable[[State], str]


class _Led(Protocol):
    """A node as the graph calls it."""

    def __call__(self, state: State, runtime: Runtime[Turn]) -> Command[str]:
        """Do the step, and say which is next."""


def plan(state: State, runtime: Runtime[Turn]) -> State:
    """Ask for a plan, at first and after a step of it failed."""
    turn = runtime.context
    again = bool(state.get("plan"))
    prompt = HumanMessage(words.REPLAN if again else words.PLAN)
    answer, steps, kept = ask_model(turn, state, [pack(prompt)], tools=False)
    if answer is None:
        return {**kept, "steps": steps}
    lines = plan_of(answer.text)
    turn.session.emit("plan", turn.agent.name, steps=list(lines), again=again)
    counted = state.get("replanned", 0) + again
    # The next turn is the model's again: a conversation that ends with its own words is refused by some providers.
    messages = [pack(prompt), pack(AIMessage(answer.text)), pack(HumanMessage(words.CARRY_OUT))]
    update: State = {"messages": messages, "steps": steps, "plan": lines, "replanned": counted, "turns": turns(state)}
    return {**update, **kept}


def think(state: State, runtime: Runtime[Turn]) -> State:
    """Ask the model what to do next: calls, or the answer."""
    turn = runtime.context
    answer, steps, kept = ask_model(turn, state, [], tools=True)
    if answer is None:
        return {**kept, "steps": steps}
    update: State = {"messages": [pack(answer)], "steps": steps, "turns": turns(state), "pending": [], **kept}
    if answer.tool_calls or answer.invalid_tool_calls:
        calls = [{"id": c["id"] or "", "name": c["name"], "arguments": c["args"]} for c in answer.tool_calls]
        broken = [
            {"id": c["id"] or "", "name": c["name"] or "unknown", "broken": c["error"] or "they are no JSON"}
            for c in answer.invalid_tool_calls
        ]
        return {**update, "pending": calls + broken}
    return {**update, **answered(turn, state, answer.text)}


def act(state: State, runtime: Runtime[Turn]) -> State:
    """Make the calls that are next: several that read, or one with an effect."""
    turn, pending = runtime.context, state["pending"]
    ended = limits(turn, state, asking=False)
    if ended:
        return ended
    chosen = _next_calls(turn, pending)
    first, tainted = state.get("calls", 0), state.get("tainted", False)
    made = call_all(turn, chosen, first, tainted)
    steps = [step for of_call in made for step in of_call]
    update: State = {
        "messages": [told(turn, call, of_call[-1]) for call, of_call in zip(chosen, made, strict=True)],
        "steps": [step.model_dump(mode="json") for step in steps],
        "pending": pending[len(chosen) :],
        "calls": first + len(chosen),
        "tainted": tainted or any(step.tainted for step in steps),
    }
    update |= looping(turn, state, update)
    return update


def reflect(state: State, runtime: Runtime[Turn]) -> State:
    """Let the model criticise its answer, and write it again if it finds fault."""
    turn, critiques = runtime.context, state.get("critiques", 0)
    critique, steps, kept = ask_model(turn, state, [pack(HumanMessage(words.CRITIQUE))], tools=False)
    if critique is None:
        return {**kept, "steps": steps}
    update: State = {"steps": steps, "critiques": critiques + 1, "turns": turns(state), **kept}
    if critique.text.strip().upper().startswith("OK"):
        return {**update, "status": Status.DONE}
    said = [HumanMessage(words.CRITIQUE), AIMessage(critique.text), HumanMessage(words.REVISE)]
    return {**update, "messages": [pack(one) for one in said], "status": Status.RUNNING}


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


def _unless_ended(state: State) -> str:
    return END if Status(state["status"]).ended else "think"


def _after_think(state: State) -> str:
    status = Status(state["status"])
    if status is Status.DONE and state.get("pending"):
        return "act"
    if status.ended:
        return END
    return "act" if state.get("pending") else "think"


def _after_act(state: State) -> str:
    if Status(state["status"]).ended:
        return END
    return "act" if state.get("pending") else "think"


def _after_planned_act(state: State) -> str:
    after = _after_act(state)
    again = after == "think" and not state.get("replanned", 0) and failed_since(state["messages"])
    return "plan" if again else after


def _reflecting(most: int) -> _Choice:
    def choose(state: State) -> str:
        after = _after_think(state)
        done = state["status"] == Status.DONE and not state.get("pending")
        return "reflect" if done and state.get("critiques", 0) < most else after

    return choose


def _going_on(node: _Node, choose: _Choice) -> _Led:
    """Let a node say itself where the graph goes on: an edge with a condition would read the whole state once more."""

    def go(state: State, runtime: Runtime[Turn]) -> Command[str]:
        update = node(state, runtime)
        return Command(update=update, goto=choose(runtime.context.reach(state, update)))

    return go


@cache
def build_graph(strategy: str, critiques: int = 1) -> Any:
    """Build the graph of a strategy: `plan_execute`, `react` or `reflection`. All agents share it."""
    planned, reflective = strategy == "plan_execute", strategy == "reflection"
    graph = StateGraph(State, context_schema=Turn)
    graph.add_edge(START, "plan" if planned else "think")
    nodes: dict[str, tuple[_Node, _Choice]] = {
        "think": (think, _reflecting(critiques) if reflective else _after_think),
        "act": (act, _after_planned_act if planned else _after_act),
    }
    if planned:
        nodes["plan"] = (plan, _unless_ended)
    if reflective:
        nodes["reflect"] = (reflect, _unless_ended)
    for name, (node, choose) in nodes.items():
        graph.add_node(name, _going_on(node, choose), destinations=(*nodes, END))
    return graph.compile()
