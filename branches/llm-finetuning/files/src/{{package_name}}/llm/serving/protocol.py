"""What clients send: the part of OpenAI's interface that a language model of one's own can serve.

Source: https://platform.openai.com/docs/api-reference
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from ..errors import ModelError
from ..inference.asking import prompt_messages
from ..inference.sampling import Sampling

Written = Annotated[str, Field(min_length=1)]
Stop = Annotated[str, Field(min_length=1, max_length=500)]
_MOST_CHOICES = 16
_MOST_STOPS = 16
_MOST_NAMES = 64
_MOST_BIASED = 1024
_MOST_TEXTS = 2048
_MOST_TOKENS = 2**20
_MOST_PARTS = 2**12
_SEEDS = 2**63


def _kind(prompt: Any) -> str:
    """Say which kind of prompt is meant, so that no other one is tried: each would find a fault in every value."""
    if isinstance(prompt, str):
        return "text"
    return "several" if isinstance(prompt, list) and prompt and isinstance(prompt[0], str | list) else "tokens"


# A body may have a fault in each of a million values: the first one is enough.
Text = Annotated[str, Tag("text")]
Tokens = Annotated[list[int], Field(min_length=1, max_length=_MOST_TOKENS, fail_fast=True), Tag("tokens")]
Prompt = Annotated[Text | Tokens, Discriminator(lambda prompt: "text" if isinstance(prompt, str) else "tokens")]
Prompts = Annotated[list[Prompt], Field(max_length=_MOST_PARTS, fail_fast=True), Tag("several")]


class Strict(BaseModel):
    """What has no other names than these. What is null is as if it were not said."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _leaves_nulls_out(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        if len(values) > _MOST_NAMES:
            raise ValueError(f"there are {len(values)} names, and no more than {_MOST_NAMES} are read")
        return {name: value for name, value in values.items() if value is not None}


class StreamOptions(Strict):
    """What a stream holds besides the text."""

    include_usage: bool = False
    include_obfuscation: bool = Field(default=False, description="Taken, and without effect")


class Options(Strict):
    """What both kinds of requests may say."""

    model: str = Field(description="As GET /v1/models lists it", max_length=500)
    temperature: float = Field(default=1.0, ge=0, le=2, description="0 always takes the likeliest token")
    top_p: float = Field(default=1.0, gt=0, le=1, description="Choose among the likeliest that have this share")
    presence_penalty: float = Field(default=0.0, ge=-2, le=2, description="Against tokens that were written")
    frequency_penalty: float = Field(default=0.0, ge=-2, le=2, description="The same, for each time")
    seed: int | None = Field(default=None, ge=-_SEEDS, lt=_SEEDS, description="Makes chance repeatable")
    stop: Stop | Annotated[list[Stop], Field(max_length=_MOST_STOPS, fail_fast=True)] = Field(
        default=[], description="Texts before which an answer ends"
    )
    logit_bias: dict[int, Annotated[float, Field(ge=-100, le=100)]] = Field(
        default={}, max_length=_MOST_BIASED, description="What is added to the logits of tokens, by their numbers"
    )
    n: int = Field(default=1, ge=1, le=_MOST_CHOICES, description="Answers to each prompt")
    stream: bool = Field(default=False, description="Send the answer as it is written")
    stream_options: StreamOptions = StreamOptions()
    user: str = Field(default="", description="Taken, and without effect")

    def body(self) -> dict[str, Any]:
        """Give what was said, as another service of this interface is asked."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def unstreamed(self) -> Self:
        """Give the same request for an answer that comes whole."""
        streaming = {"stream", "stream_options"}
        return self.model_validate({name: value for name, value in self.body().items() if name not in streaming})

    def sampling(self, max_tokens: int, *, logprobs: int | None, prompt_logprobs: bool = False) -> Sampling:
        """Say how the answer is written."""
        return Sampling(
            max_tokens=max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            seed=self.seed,
            logit_bias=self.logit_bias,
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop),
            logprobs=logprobs,
            prompt_logprobs=prompt_logprobs,
        )


class TextPart(BaseModel):
    """A part of a message."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | Annotated[list[TextPart], Field(max_length=_MOST_PARTS, fail_fast=True)]
    name: str = Field(default="", description="Taken, and without effect")

    def plain(self) -> dict[str, str]:
        """Give it as chat templates take it."""
        whole = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": "system" if self.role == "developer" else self.role, "content": whole}


class TextFormat(Strict):
    """Any text."""

    type: Literal["text"]


class JsonFormat(Strict):
    """Any JSON object."""

    type: Literal["json_object"]


class NamedSchema(Strict):
    """A JSON schema."""

    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str = Field(default="", description="Taken, and without effect")
    content: dict[str, Any] = Field(alias="schema")
    strict: bool = Field(default=False, description="Taken, and without effect: answers always hold to the schema")


class SchemaFormat(Strict):
    """JSON that holds to a schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


class ChatRequest(Options):
    """A conversation that is to go on."""

    messages: list[Message] = Field(min_length=1, max_length=_MOST_PARTS, fail_fast=True)
    max_tokens: int | None = Field(default=None, ge=1, description="Most tokens of an answer")
    max_completion_tokens: int | None = Field(default=None, ge=1, description="The same; it counts if both are given")
    logprobs: bool = Field(default=False, description="Tell the probabilities of tokens")
    top_logprobs: int = Field(default=0, ge=0, le=20, description="Likeliest tokens to tell beside each")
    response_format: Annotated[TextFormat | JsonFormat | SchemaFormat, Discriminator("type")] = TextFormat(type="text")

    def wanted(self) -> dict[str, Any] | None:
        """Give the JSON schema that the answer holds to, if any."""
        if isinstance(self.response_format, SchemaFormat):
            return self.response_format.json_schema.content
        return {"type": "object"} if isinstance(self.response_format, JsonFormat) else None


class CompletionRequest(Options):
    """A text that is to go on, or several; each may be given as tokens."""

    prompt: Annotated[Text | Tokens | Prompts, Discriminator(_kind)]
    max_tokens: int = Field(default=16, ge=0, description="Most tokens of an answer; 0 with echo only reads")
    logprobs: int | None = Field(default=None, ge=0, le=20, description="Likeliest tokens to tell beside each")
    echo: bool = Field(default=False, description="Give the prompt back in front of the answer")

    def prompts(self) -> list[str | list[int]]:
        """Give each prompt, as text or as tokens."""
        if isinstance(self.prompt, str):
            return [self.prompt]
        tokens = [one for one in self.prompt if isinstance(one, int)]
        return [tokens] if tokens else [one for one in self.prompt if not isinstance(one, int)]


class EmbeddingRequest(Strict):
    """Texts that are to become vectors."""

    input: Written | Annotated[list[Written], Field(min_length=1, max_length=_MOST_TEXTS, fail_fast=True)]
    model: str = Field(description="Name of the embedding model", max_length=500)
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, ge=1, description="Those of the model, or none")
    user: str = Field(default="", description="Taken, and without effect")

    def texts(self) -> list[str]:
        """Give each text."""
        return [self.input] if isinstance(self.input, str) else self.input


class GenerateRequest(Strict):
    """A question to a model, worded as those that it was trained with."""

    question: str = Field(min_length=1)
    context: str = Field(default="", description="Passage to answer from")
    model: str = Field(default="", description="As GET /v1/models lists it; the default one if empty", max_length=500)
    max_tokens: int = Field(default=0, ge=0, description="Most tokens of the answer; 0 for llm.serving.max_tokens")
    temperature: float = Field(default=0.0, ge=0, le=2, description="0 always takes the likeliest token")
    top_p: float = Field(default=1.0, gt=0, le=1, description="Choose among the likeliest that have this share")
    seed: int | None = Field(default=None, ge=-_SEEDS, lt=_SEEDS, description="Makes chance repeatable")
    stop: Annotated[list[Stop], Field(max_length=_MOST_STOPS, fail_fast=True)] = []
    json_schema: dict[str, Any] | None = Field(default=None, description="Schema of an answer as JSON")

    def sampling(self, most: int) -> Sampling:
        """Say how the answer is written, with at most so many tokens unless the request says."""
        return Sampling(
            max_tokens=self.max_tokens or most,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=tuple(self.stop),
        )

    def as_chat(self, model: str, most: int) -> dict[str, Any]:
        """Word it as a request to go on with a conversation.

        Parameters
        ----------
        model
            That is asked if the request names none.
        most
            Tokens of the answer if the request does not say.
        """
        body: dict[str, Any] = {
            "model": self.model or model,
            "messages": prompt_messages(self.context, self.question),
            "max_completion_tokens": self.max_tokens or most,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "stop": self.stop,
        }
        if self.seed is not None:
            body["seed"] = self.seed
        if self.json_schema is not None:
            schema = {"name": "answer", "schema": self.json_schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def response(self, completion: dict[str, Any]) -> dict[str, Any]:
        """Word what was written in a conversation as the answer.

        Raises
        ------
        ModelError
            If a whole answer does not hold to JSON.
        """
        choice, usage = completion["choices"][0], completion["usage"]
        text, finish = choice["message"]["content"] or "", choice["finish_reason"]
        return {
            "model": completion["model"],
            "text": text,
            "parsed": self.parse(text, finish),
            "finish_reason": finish,
            "usage": {name: usage[name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")},
        }

    def parse(self, text: str, finish: str | None) -> Any:
        """Give an answer that holds to a schema as values, if it is whole.

        Raises
        ------
        ModelError
            If it is no JSON.
        """
        if self.json_schema is None or finish != "stop" or self.stop:
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            raise ModelError("the answer does not hold to the schema", hint="try again") from error


class GenerateResponse(BaseModel):
    """The answer to a question."""

    model: str
    text: str
    parsed: Any = Field(description="The answer, if a schema and no stop text was given, and it is whole")
    finish_reason: Literal["stop", "length"]
    usage: dict[str, int] = Field(description="Tokens that were read and written")
