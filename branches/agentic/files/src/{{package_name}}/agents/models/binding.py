"""What our chat models share: they are told of tools in the form of OpenAI's functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool


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
    """A chat model that can be held to a schema: bound to `answer_schema`, what is no call is JSON of that schema."""
