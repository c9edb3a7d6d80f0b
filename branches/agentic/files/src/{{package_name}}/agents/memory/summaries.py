"""What a model is shown of a long conversation: a summary that it wrote itself, in place of what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_core.messages import HumanMessage
from pydantic import JsonValue

from ..asking import ask
from ..errors import ModelUnavailable
from ..messages import SUMMARISE, Packed, pack, unpack
from .conversation import Parted, by_rules, part, size_of

if TYPE_CHECKING:
    from ..base import Agent
    from ..session import Session
    from ..tasks import Step

Summary = dict[str, JsonValue]
"""`text`, and how many messages of the conversation it stands for: `until`, counted from the first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a model is shown.

    Attributes
    ----------
    steps
        What was done to write the summary.
    summary
        The one that it has; it is kept, so that the next turn need not write it again.
    """

    messages: list[Packed]
    steps: tuple[Step, ...] = ()
    summary: Summary | None = None


def show(session: Session, agent: Agent, messages: Sequence[Packed], more: Sequence[Packed], kept: Summary) -> Shown:
    """Shorten a conversation to `agentic.memory.token_limit`.

    Parameters
    ----------
    messages
        All of it: who the agent is, its task, and what came after.
    more
        What is asked now, which stays whole.
    kept
        The last summary; empty if there is none.
    """
    config = session.config.memory
    tokens = config.token_limit - size_of(more)
    shown = _with(messages, kept)
    parted = part(shown, tokens)
    if parted is None:
        return Shown([*shown, *more])
    text, steps = _by_model(session, agent, parted) if config.summaries == "model" else ("", ())
    if text and parted.tainted():
        text = session.enclose(text)
    text = text or by_rules(parted, tokens, session.enclose)
    summary: Summary = {"until": len(messages) - len(parted.kept), "text": text}
    return Shown([*parted.with_summary(text), *more], steps, summary)


def _with(messages: Sequence[Packed], kept: Summary) -> list[Packed]:
    if not kept:
        return list(messages)
    return Parted(list(messages[:2]), [], list(messages[int(str(kept["until"])) :])).with_summary(str(kept["text"]))


def _by_model(session: Session, agent: Agent, parted: Parted) -> tuple[str, tuple[Step, ...]]:
    """Let the agent's model summarise; nothing if it is away: what can't be summarised is told by rules."""
    asked = [*parted.head, *parted.left_out, pack(HumanMessage(SUMMARISE))]
    try:
        answer, step = ask(session, agent, [unpack(one) for one in asked], tools=False)
    except ModelUnavailable:
        return "", ()
    return answer.text.strip(), (step,)
