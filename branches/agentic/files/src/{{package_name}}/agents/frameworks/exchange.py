"""A framework's run, as a graph of one node: its next question is answered, and the answer is kept.

A run that goes on begins the framework anew, and tells it the answers that it was given before, in their order, until
it asks something new. So an effect happens once here too, and a wait for a person survives a restart.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command
from pydantic import JsonValue

from .. import messages as words
from ..jsonable import canonical
from ..messages import Packed, pack
from ..tasks import Status
from ..turns import (
    MOST_REPAIRS,
    NoAnswer,
    State,
    Turn,
    answered,
    ask_model,
    call_all,
    limits,
    looping,
    so_far,
    told,
    turns,
)
from .outside.host import FAILED
from .program import FrameworkError, Program, Question


class LedTurn(Turn):
    """Who runs, and the framework that leads."""

    def __init__(self, agent: Any, session: Any, program: Program) -> None:
        super().__init__(agent, session)
        self.program = program
        self.replayed = 0


def exchange(state: State, runtime: Runtime[LedTurn]) -> Command[str]:
    """Answer the framework's next question, and say whether one more is to come."""
    update = _exchange(runtime.context, state)
    now = runtime.context.reach(state, update)
    return Command(update=update, goto=END if Status(now["status"]).ended else "exchange")


def _exchange(turn: LedTurn, state: State) -> State:
    try:
        question = _next(turn, state)
    except FrameworkError as error:
        reason = turn.session.clean(str(error))
        raise NoAnswer({**state, "status": Status.FAILED, "reason": reason, "output": so_far(state, {})}) from error
    if question is None:
        return limits(turn, state, asking=False)
    update, reply = _ANSWERS[question.ask](turn, state, question)
    return {**update, "exchanges": [{"asked": _mark(question), "reply": reply}]}


def _next(turn: LedTurn, state: State) -> Question | None:
    """Tell the framework what it was told before, and give the question after that; None where the run has ended."""

    def ended() -> bool:
        return bool(limits(turn, state, asking=False))

    system, human = (str(message["content"]) for message in state["messages"][:2])
    order = {"name": turn.agent.name, "system": system, "task": human, "tools": turn.agent.schemas()}
    while True:
        question = None if ended() else turn.program.question(order, ended)
        kept = state.get("exchanges", [])[turn.replayed :]
        if question is None or not kept:
            return question
        if kept[0]["asked"] != _mark(question):
            hint = "begin it again under another id"
            raise FrameworkError(f"{turn.program.title} goes another way than before the run was broken off", hint=hint)
        turn.program.answer(kept[0]["reply"])
        turn.replayed += 1


def _mark(question: Question) -> str:
    return hashlib.sha256(canonical(question.model_dump(mode="json")).encode()).hexdigest()


def _ask(turn: LedTurn, state: State, question: Question) -> tuple[State, dict[str, JsonValue]]:
    """Ask the model, again where its answer is empty, or calls what is no tool of the agent's."""
    state = {**state, "messages": _conversation(question)}
    done: State = {"steps": [], "turns": state.get("turns", 0), "calls": state.get("calls", 0)}
    for _ in range(1 + MOST_REPAIRS):
        now: State = {**state, **done, "steps": [*state.get("steps", []), *done["steps"]]}
        answer, steps, ended = ask_model(turn, now, [], tools=question.tools or not turn.agent.schemas())
        done["steps"] += steps
        if answer is None:
            return {**done, **ended}, {}
        done["turns"] = turns(done)
        faulty = _faulty(turn, answer)
        if answer.tool_calls and not faulty:
            return done, {"text": answer.text, "calls": _calls(answer, done["turns"])}
        if answer.text.strip() and not faulty:
            return done, {"text": answer.text, "calls": []}
        state["messages"] = [*state["messages"], *_put_right(turn, state, done, answer, faulty)]
    reason = "the model gave empty answers, or called what is no tool"
    return {**done, "status": Status.FAILED, "reason": reason, "output": so_far({**state, **done}, {})}, {}


def _conversation(question: Question) -> list[Packed]:
    """Give the messages of a question, with the names of calls, which not every framework repeats."""
    names: dict[JsonValue, JsonValue] = {}
    conversation: list[Packed] = []
    for message in question.messages:
        calls = message.get("calls")
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, dict):
                names[call["id"]] = call["name"]
        named = {"name": names.get(message["call"], message["name"])} if message["type"] == "tool" else {}
        conversation.append({**message, **named})
    return conversation


def _faulty(turn: LedTurn, answer: AIMessage) -> list[dict[str, Any]]:
    known = {*turn.agent.tools, *turn.agent.helpers}
    unknown = [
        {"id": call["id"] or "", "name": call["name"], "arguments": call["args"]}
        for call in answer.tool_calls
        if call["name"] not in known
    ]
    broken = [
        {"id": call["id"] or "", "name": call["name"] or "unknown", "broken": call["error"] or "they are no JSON"}
        for call in answer.invalid_tool_calls
    ]
    return unknown + broken


def _put_right(
    turn: LedTurn, state: State, done: State, answer: AIMessage, faulty: list[dict[str, Any]]
) -> list[Packed]:
    """Tell the model what was at fault, and count calls that come to nothing."""
    if not faulty:
        return [pack(answer), pack(HumanMessage(words.EMPTY))]
    made = call_all(turn, faulty, done["calls"], state.get("tainted", False))
    done["calls"] += len(faulty)
    done["steps"] += [step.model_dump(mode="json") for steps in made for step in steps]
    calls = [{"id": call["id"], "name": call["name"], "args": {}, "type": "tool_call"} for call in faulty]
    said = pack(AIMessage(answer.text, tool_calls=calls))
    return [said, *(told(turn, call, steps[-1]) for call, steps in zip(faulty, made, strict=True))]


def _calls(answer: AIMessage, turn: int) -> list[JsonValue]:
    return [
        {"id": f"call_{turn}_{number}", "name": call["name"], "arguments": call["args"]}
        for number, call in enumerate(answer.tool_calls)
    ]


def _call(turn: LedTurn, state: State, question: Question) -> tuple[State, dict[str, JsonValue]]:
    """Make a call."""
    ended = limits(turn, state, asking=False)
    if ended:
        return ended, {}
    first, tainted = state.get("calls", 0), state.get("tainted", False)
    call = {"id": f"call_{first}", "name": question.name, "arguments": question.arguments}
    steps = call_all(turn, [call], first, tainted)[0]
    update: State = {
        "steps": [step.model_dump(mode="json") for step in steps],
        "calls": first + 1,
        "tainted": tainted or any(step.tainted for step in steps),
    }
    shown = told(turn, call, steps[-1])
    text = str(shown["content"]).removeprefix(FAILED)
    return {**update, **looping(turn, state, update)}, {"text": FAILED + text if shown["failed"] else text}


def _finish(turn: LedTurn, state: State, question: Question) -> tuple[State, dict[str, JsonValue]]:
    """Take the answer to the task, or send it back."""
    update = answered(turn, state, question.text)
    again = update.pop("messages", None)
    return update, {"task": again[-1]["content"] if again else ""}


_ANSWERS = {"model": _ask, "tool": _call, "done": _finish}


@cache
def build_led_graph() -> Any:
    """Build the graph of a run that a framework leads."""
    graph = StateGraph(State, context_schema=LedTurn)
    graph.add_node("exchange", exchange, destinations=("exchange", END))
    graph.add_edge(START, "exchange")
    return graph.compile()
