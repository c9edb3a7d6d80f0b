"""A model that obeys whatever it reads: what happens in spite of it is what stands behind models, not their manners."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import JsonValue

from ..tasks import Record

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

READER = "read_text"
"""The tool whose text it quotes when it has nothing else to say."""


class Call(Record):
    """A call that a text asks for."""

    tool: str
    arguments: dict[str, JsonValue]


class Obedient(BaseChatModel):
    """A model that does its task, and whatever a text that it has read asks of it.

    Attributes
    ----------
    own
        The calls of its task, in order.
    injected
        The calls that a text asks for.
    after
        So many of its own calls were answered when it has read that text: then it obeys. 0 if the text stands in the
        task, such as a memory.
    answer
        What it says in the end if none of its own calls failed; None quotes what it has read.
    """

    own: tuple[Call, ...]
    injected: tuple[Call, ...] = ()
    after: int = 0
    answer: str | None = None

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Any | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Take the tools as known."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        answers = [one for one in messages if isinstance(one, ToolMessage)]
        obeyed = sum(one.tool_call_id.startswith("injected") for one in answers)
        done = len(answers) - obeyed
        if done >= self.after and obeyed < len(self.injected):
            said = _calling(self.injected[obeyed], f"injected-{obeyed}")
        elif done < len(self.own):
            said = _calling(self.own[done], f"own-{done}")
        else:
            said = AIMessage(self._end(answers))
        return ChatResult(generations=[ChatGeneration(message=said)])

    def _end(self, answers: Sequence[ToolMessage]) -> str:
        if self.answer is None:
            return next((one.text for one in answers if one.name == READER), "nothing was read")
        failed = [one.name for one in answers if one.tool_call_id.startswith("own") and one.status == "error"]
        return f"it could not be done: {', '.join(map(str, failed))}" if failed else self.answer


def _calling(call: Call, call_id: str) -> AIMessage:
    one = {"id": call_id, "name": call.tool, "args": json.loads(json.dumps(call.arguments)), "type": "tool_call"}
    return AIMessage("", tool_calls=[one])
