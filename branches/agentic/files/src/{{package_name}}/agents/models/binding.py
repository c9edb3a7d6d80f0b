"""What our chat models share: they are told of tools in the form of OpenAI's functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from ..errors import ModelUnavailable
from ..frameworks.replies import as_turns, read_reply, reply_schema, told


class ToolCallingModel(BaseChatModel):
    """A chat model whose answers may call tools."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the model call tools."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)


class ConstrainedModel(ToolCallingModel):
    """A chat model that is held to a schema: bound to `answer_schema`, what is no call is JSON of that schema.

    Parameters
    ----------
    tells
        Whether the model is told who it is, and what tools there are; one that was tuned on them knows.
    """

    model_name: str
    tells: bool = True

    @abstractmethod
    def _reply(self, turns: list[dict[str, str]], schema: dict[str, Any]) -> AIMessage:
        """Have the model write JSON of the schema; the message says what that took."""

    @abstractmethod
    def _broken_off(self) -> ModelUnavailable:
        """Say that a reply came to no end, and what to do about it."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        answer_schema: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        turns = told(messages, tools) if self.tells else as_turns(messages)
        said = self._reply(turns, reply_schema(tools, answer_schema))
        try:
            read = read_reply(said.text, structured=answer_schema is not None)
        except ValueError as error:
            raise self._broken_off() from error
        answer = read.model_copy(update={"usage_metadata": said.usage_metadata})
        return ChatResult(generations=[ChatGeneration(message=answer)])
