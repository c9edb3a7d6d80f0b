"""The project's own language model: its service holds replies to a schema, and knows nothing of tools."""

from __future__ import annotations

from typing import Any

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from ...errors import first_line
from ..errors import ModelUnavailable
from .binding import ConstrainedModel


class ServedModel(ConstrainedModel):
    """A model behind the project's service, which calls tools by what it writes.

    Parameters
    ----------
    chat
        The service, as it speaks.
    """

    chat: BaseChatModel

    @property
    def _llm_type(self) -> str:
        return "served"

    def _reply(self, turns: list[dict[str, str]], schema: dict[str, Any]) -> AIMessage:
        # Not as an option of the client, which refuses a reply that breaks off with words of its own.
        held = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}
        return self.chat.invoke(turns, extra_body={"response_format": held})

    def _broken_off(self) -> ModelUnavailable:
        hint = "raise llm.serving.max_tokens, or bound the lengths that the schema leaves open"
        return ModelUnavailable(f"{self.model_name} came to no end of its reply", hint=hint)


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
