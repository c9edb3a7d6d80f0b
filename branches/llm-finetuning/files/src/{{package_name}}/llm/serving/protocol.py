"""What clients send: the part of OpenAI's interface that a language model of one's own can serve.

Source: https://platform.openai.com/docs/api-reference
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from ..inference.sampling import Sampling

Stop = Annotated[str, Field(min_length=1, max_length=500)]
_MOST_CHOICES = 16
_MOST_STOPS = 16
_MOST_NAMES = 64
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
    n: int = Field(default=1, ge=1, le=_MOST_CHOICES, description="Answers to each prompt")
    stream: bool = Field(default=False, description="Send the answer as it is written")
    stream_options: StreamOptions = StreamOptions()
    user: str = Field(default="", description="Taken, and without effect")

    def sampling(self, max_tokens: int, *, logprobs: int | None, prompt_logprobs: bool = False) -> Sampling:
        """Say how the answer is written."""
        return Sampling(
            max_tokens=max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            seed=self.seed,
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


class ChatRequest(Options):
    """A conversation that is to go on."""

    messages: list[Message] = Field(min_length=1, max_length=_MOST_PARTS, fail_fast=True)
    max_tokens: int | None = Field(default=None, ge=1, description="Most tokens of an answer")
    max_completion_tokens: int | None = Field(default=None, ge=1, description="The same; it counts if both are given")
    logprobs: bool = Field(default=False, description="Tell the probabilities of tokens")
    top_logprobs: int = Field(default=0, ge=0, le=20, description="Likeliest tokens to tell beside each")


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
