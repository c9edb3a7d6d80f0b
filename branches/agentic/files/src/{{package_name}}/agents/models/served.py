"""The project's own language model: its service holds replies to a schema, and knows nothing of tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from ...errors import first_line
from ..errors import ModelUnavailable
from ..frameworks.replies import as_turns, read_reply, reply_schema, told
from .binding import ConstrainedModel


class ServedModel(ConstrainedModel):
    """A model behind the project's service, which calls tools by what it writes.

    Parameters
    ----------
    chat
        The service, as it speaks.
    tells
        Whether the model is told who it is, and what tools there are; one that was tuned on them knows.
    """

    model_name: str
    chat: BaseChatModel
    tells: bool = True

    @property
    def _llm_type(self) -> str:
        return "served"

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
        reply = {"name": "reply", "schema": reply_schema(tools, answer_schema)}
        # Not as an option of the client, which refuses a reply that breaks off with words of its own.
        held = {"response_format": {"type": "json_schema", "json_schema": reply}}
        said = self.chat.invoke(turns, extra_body=held)
        try:
            read = read_reply(said.text, structured=answer_schema is not None)
        except ValueError as error:
            hint = "raise llm.serving.max_tokens, or bound the lengths that the schema leaves open"
            raise ModelUnavailable(f"{self.model_name} came to no end of its reply", hint=hint) from error
        answer = read.model_copy(update={"usage_metadata": said.usage_metadata})
        return ChatResult(generations=[ChatGeneration(message=answer)])


def find_default(base_url: str, key: str, seconds: float) -> str:
    """Give the name of the model that a service lists first, which is the one that it serves by default.

    Raises
    ------
    ModelUnavailable
        If it lists none, or does not answer.
    """
    try:
        reply = httpx.get(f"{base_url}/models", headers={"Authorization": f"Bearer {key}"}, timeout=seconds)
        reply.raise_for_status()
        listed = reply.json()["data"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        hint = "start it with `llm serve` or `api run`, or set agentic.models.base_url"
        raise ModelUnavailable(f"the service at {base_url} lists no models: {first_line(error)}", hint=hint) from error
    if not listed:
        raise ModelUnavailable(f"the service at {base_url} serves no model", hint="tune one: `llm train`")
    return str(listed[0]["id"])
