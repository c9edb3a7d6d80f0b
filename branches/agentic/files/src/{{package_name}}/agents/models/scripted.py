"""A language model that needs no key and no network: it follows rules, and answers the same to the same conversation.

It is for demos and tests: everything around it, tools, limits, approvals, checkpoints, runs for real.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from .binding import ToolCallingModel
from .conversation import Conversation
from .rules import Rule, all_rules

_CHARACTERS_A_TOKEN = 4
_PIECES = re.compile(r"\s*\S+|\s+$")


class ScriptedModel(ToolCallingModel):
    """A chat model that answers by rules.

    Parameters
    ----------
    rules
        Those of plugins and those that ship by default; the first that matches answers.
    """

    rules: tuple[Rule, ...] = ()
    model_name: str = "scripted"

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._say(messages, kwargs.get("tools", ())))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        said = self._say(messages, kwargs.get("tools", ()))
        for piece in _PIECES.findall(said.text):
            if run_manager:
                run_manager.on_llm_new_token(piece)
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        calls = [
            tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
            for index, call in enumerate(said.tool_calls)
        ]
        last = AIMessageChunk(
            content="", tool_call_chunks=calls, usage_metadata=said.usage_metadata, chunk_position="last"
        )
        yield ChatGenerationChunk(message=last)

    def _say(self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
        conversation = Conversation(messages, tools)
        rule = next(rule for rule in self.rules or all_rules() if rule.matches(conversation))
        said = rule.answer(conversation)
        if said.usage_metadata is None:
            read = sum(len(message.text) for message in messages) // _CHARACTERS_A_TOKEN
            written = (len(said.text) + len(json.dumps(said.tool_calls))) // _CHARACTERS_A_TOKEN
            usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
            said = said.model_copy(update={"usage_metadata": usage})
        return said
